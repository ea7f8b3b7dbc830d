"""How a worker's process learns that the one above it is gone, or wants it gone at once: its standard input ends."""

import os
from collections.abc import Awaitable, Callable

import trio

__all__ = ["end_with_parent"]

STDIN = 0


async def end_with_parent(run: Callable[[], Awaitable[None]]) -> None:
    """Runs until that is over, or cancels it when the standard input ends: running jobs are given back."""
    async with trio.open_nursery() as nursery:

        async def hear() -> None:
            await trio.lowlevel.wait_readable(STDIN)
            while os.read(STDIN, 1024):
                await trio.lowlevel.wait_readable(STDIN)
            nursery.cancel_scope.cancel()

        nursery.start_soon(hear)
        await run()
        nursery.cancel_scope.cancel()
