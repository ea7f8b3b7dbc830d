"""A walk over functions some of which are at a server that is away."""

import pytest

from persistence.errors import StoreError, StoreUnavailableError
from persistence.in_reach import each_in_reach
from persistence.options import RedisOptions
from persistence.pipe import Pipe


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
