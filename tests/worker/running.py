"""A worker that runs for the length of a block."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import trio

from tests.processes import ServerProcess
from worker import JobFunction, run_worker

__all__ = ["running_worker"]


@asynccontextmanager
async def running_worker(
    server: ServerProcess,
    functions: Mapping[str, JobFunction],
    *,
    concurrency: int = 1,
    client_id: str = "",
) -> AsyncIterator[trio.CancelScope]:
    """Gives the scope that the worker runs in: cancel it to stop the worker before the block ends."""
    scope = trio.CancelScope()

    async def run(task_status: trio.TaskStatus[None]) -> None:
        with scope:
            await run_worker(
                server.address, functions, concurrency=concurrency, client_id=client_id, task_status=task_status
            )

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(run))
        yield scope
        scope.cancel()
