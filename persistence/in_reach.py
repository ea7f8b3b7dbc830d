"""A walk over all functions that is not held up by those whose server is away, nor by the way to one that is far."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import trio

from persistence.errors import StoreError
from persistence.unwrapping import unwrapped
from persistence.way import Way

AT_ONCE: Final = 20
"""So many functions of a walk are asked at once: each costs a trip at least, and there may be thousands. Their commands
are done one behind the other, and others wait for all of them."""


class Walk:
    """One after the other, or some at once: whoever has done with a function takes the next."""

    def __init__(self, way: Way, tags: Iterable[bytes], act: Callable[[bytes], Awaitable[None]]) -> None:
        self.failed: StoreError | None = None
        self._way = way
        self._tags = iter(tags)
        self._act = act

    async def go(self) -> None:
        """Do something about each function that nobody else takes."""
        while (tag := next(self._tags, None)) is not None:
            away = self._way.away(tag)
            try:
                if away is None:
                    await self._act(tag)
            except StoreError as error:
                away = error
                if self._way.in_order:
                    self._tags = iter(())
            self.failed = self.failed or away


async def each_in_reach(
    way: Way, tags: Iterable[bytes], act: Callable[[bytes], Awaitable[None]], at_once: int = 1
) -> None:
    """Do something about each function, so many at once; who is known to be out of reach is left out.

    Raises StoreError, the first there was: after all others have had their turn, where they may be at another server.
    """
    walk = Walk(way, tags, act)
    with unwrapped():
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(walk.go)
    if walk.failed is not None:
        raise walk.failed
