"""Who is lost: a table of looks, with times that nobody waits for."""

import pytest

from persistence.records import new_incarnation
from persistence.sightings import Sightings

TTL = 10.0

SIGHTINGS: dict[str, tuple[list[tuple[float, int, float]], list[bool]]] = {
    # name: (when we look, how far the other has come, when a raise of ours was last answered), is it lost?
    "it moves": ([(at, int(at), at) for at in range(0, 14, 2)], [False] * 7),
    "it stands still": ([(at, 1, at) for at in range(0, 14, 2)], [False] * 5 + [True] * 2),
    "it moves again": ([(at, at // 8, at) for at in range(0, 20, 2)], [False] * 10),
    "Redis was away": ([(0, 1, 0), (2, 1, 2), (20, 1, 20), (22, 1, 22), (24, 1, 24)], [False] * 5),
    "and then it stands still": ([(0, 1, 0), *((at, 1, at) for at in range(20, 32, 2))], [False] * 6 + [True]),
    "our own raises fail": ([(at, 1, 0) for at in range(0, 24, 2)], [False] * 12),
    "this process stood still": ([(0, 1, 0), (2, 1, 2), (8, 1, 8), (10, 1, 10), (12, 1, 12)], [False] * 5),
}


@pytest.mark.parametrize(("looks", "lost"), SIGHTINGS.values(), ids=SIGHTINGS.keys())
def test_lost_is_who_stood_still_for_a_whole_ttl_while_we_could_see_it(
    looks: list[tuple[float, int, float]], lost: list[bool]
) -> None:
    other, sightings = new_incarnation(), Sightings(TTL, now=0)
    verdicts = [sightings.lapsed({other: beats}, at, answered) == [other] for at, beats, answered in looks]
    assert verdicts == lost


def test_who_comes_anew_has_a_whole_ttl() -> None:
    first, second = new_incarnation(), new_incarnation()
    sightings = Sightings(TTL, now=0)
    assert sightings.lapsed({first: 1}, 0, 0) == []
    for at in (4, 8):
        assert sightings.lapsed({first: 1, second: 1}, at, at) == []
    assert sightings.lapsed({first: 1, second: 1}, 11, 11) == [first]
    sightings.forget(first)
    assert sightings.lapsed({first: 1, second: 1}, 14, 14) == [second]
