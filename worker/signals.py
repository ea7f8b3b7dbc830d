"""What TERM and INT mean to a worker that is a program."""

import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

__all__ = ["drain_and_cancel_on_signals"]

logger: logging.Logger = logging.getLogger(__name__)


@asynccontextmanager
async def drain_and_cancel_on_signals(
    drain: Callable[[], None], grace_seconds: float, *, second_ends: bool = True
) -> AsyncIterator[None]:
    """The first signal drains and gives the block so long; the second ends it at once, or means nothing."""
    with trio.CancelScope() as scope, trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:

        async def listen() -> None:
            heard = False
            async for number in signals:
                name = signal.Signals(number).name
                if heard and not second_ends:
                    continue
                if heard:
                    logger.warning("%s again: giving running jobs back", name)
                    scope.cancel()
                    return
                heard = True
                logger.info("%s: running jobs have %g seconds to end", name, grace_seconds)
                scope.deadline = trio.current_time() + grace_seconds
                drain()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            yield
            nursery.cancel_scope.cancel()
