"""A `Worker` that runs for the length of a block."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.processes import ServerProcess
from worker import Worker

__all__ = ["at_work"]


@asynccontextmanager
async def at_work(worker: Worker, server: ServerProcess) -> AsyncIterator[None]:
    """The block is entered when the worker has registered, and left when it has drained."""
    async with trio.open_nursery() as nursery:
        await nursery.start(worker.run, server.address)
        yield
        worker.drain()
