"""How many a look takes in: half of those at work where workers alone speak."""

import pytest

from broker.pace import LEAST_OF_WORKERS, LOOKS, MOST_AT_ONCE, MOST_OF_WORKERS, Pace

CLIENT = 1_000
WORKERS = range(200)


def found(pace: Pace, *numbers: int) -> int:
    """After a look that found these, how many the next takes in."""
    pace.found([(number, 1) for number in numbers])
    return pace.most


def pace_beside(at_work: int) -> Pace:
    """A pace that knows how many are at work."""
    pace = Pace(set(WORKERS))
    for _ in range(LOOKS):
        found(pace, *range(at_work))
    return pace


@pytest.mark.parametrize(
    ("at_work", "most"),
    [(3, LEAST_OF_WORKERS), (16, 8), (17, 8), (24, 12), (32, 16), (100, MOST_OF_WORKERS)],
)
def test_a_look_takes_half_of_the_workers_within_bounds(at_work: int, most: int) -> None:
    assert pace_beside(at_work).most == most


def test_until_it_is_known_how_many_work_a_look_takes_as_many_as_any() -> None:
    pace = Pace(set(WORKERS))
    assert [found(pace, look) for look in range(LOOKS - 1)] == [MOST_AT_ONCE] * (LOOKS - 1)


def test_where_a_client_speaks_too_a_look_takes_as_many_as_any() -> None:
    pace = pace_beside(32)
    assert found(pace, 1, CLIENT, 2) == MOST_AT_ONCE
    assert found(pace, 1, 2) == 16  # how many work has not been forgotten for that


def test_workers_that_join_and_leave_are_counted_anew() -> None:
    pace = pace_beside(32)
    assert [found(pace, 1, 2) for _ in range(LOOKS)][-1] == LEAST_OF_WORKERS
    assert [found(pace, look, look + 20, look + 40) for look in range(LOOKS)][-1] == 3 * LOOKS // 2


def test_a_look_that_found_nobody_counts_for_nothing() -> None:
    pace = pace_beside(32)
    assert [found(pace) for _ in range(3 * LOOKS)][-1] == 16
