"""A walk over all functions that is not held up by those whose server is away."""

from collections.abc import Awaitable, Callable, Iterable

from persistence.errors import StoreError
from persistence.way import Way


async def each_in_reach(way: Way, tags: Iterable[bytes], act: Callable[[bytes], Awaitable[None]]) -> None:
    """Do something about each function, one after the other; who is known to be out of reach is left out.

    Raises StoreError, the first there was: after all others have had their turn, where they may be at another server.
    """
    failed: StoreError | None = None
    for tag in tags:
        away = way.away(tag)
        try:
            if away is None:
                await act(tag)
        except StoreError as error:
            if way.in_order:
                raise
            away = error
        failed = failed or away
    if failed is not None:
        raise failed
