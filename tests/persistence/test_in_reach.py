"""A walk over functions some of which are at a server that is away."""

import pytest
import trio

from persistence.errors import StoreError, StoreUnavailableError
from persistence.in_reach import AT_ONCE, each_in_reach
from persistence.options import RedisOptions
from persistence.pipe import Pipe
from tests.servers import PATIENCE_SECONDS


class Walk(Pipe):
    """A way of which some keys are known to be away, and others prove to be."""

    def __init__(self, *, in_order: bool) -> None:
        super().__init__(RedisOptions(), name="walk")
        self.in_order = in_order
        self.visited: list[bytes] = []

    def away(self, key: bytes) -> StoreError | None:
        return StoreUnavailableError("known") if key == b"away" else None

    async def visit(self, key: bytes) -> None:
        self.visited.append(key)
        if key == b"proves to be":
            raise StoreUnavailableError("found out")


@pytest.mark.parametrize(
    ("in_order", "visited"),
    [(False, [b"a", b"proves to be", b"b"]), (True, [b"a", b"proves to be"])],
    ids=["of several servers the others are visited", "of one server none is"],
)
async def test_what_is_away_is_told_at_the_end(in_order: bool, visited: list[bytes]) -> None:
    way = Walk(in_order=in_order)
    with pytest.raises(StoreUnavailableError, match="found out"):
        await each_in_reach(way, [b"a", b"proves to be", b"away", b"b"], way.visit)
    assert way.visited == visited


async def test_what_is_known_to_be_away_is_not_waited_for() -> None:
    way = Walk(in_order=False)
    with pytest.raises(StoreUnavailableError, match="known"):
        await each_in_reach(way, [b"away", b"a"], way.visit)
    assert way.visited == [b"a"]


async def test_some_are_asked_at_once_and_no_more() -> None:
    way = Walk(in_order=True)
    tags = [b"%d" % number for number in range(3 * AT_ONCE)]
    under_way, most = 0, 0
    full = trio.Event()

    async def ask(tag: bytes) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == AT_ONCE:
            full.set()
        with trio.fail_after(PATIENCE_SECONDS):
            await full.wait()
        under_way -= 1
        await way.visit(tag)

    await each_in_reach(way, tags, ask, AT_ONCE)
    assert most == AT_ONCE
    assert sorted(way.visited) == sorted(tags)


async def test_of_one_server_none_is_asked_any_more_once_it_proves_to_be_away() -> None:
    way = Walk(in_order=True)
    with pytest.raises(StoreUnavailableError, match="found out"):
        await each_in_reach(way, [b"proves to be", *(b"%d" % number for number in range(100))], way.visit, AT_ONCE)
    assert way.visited == [b"proves to be"]
