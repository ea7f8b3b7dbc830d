"""A worker in one call, for a handful of async functions."""

import ssl
from collections.abc import Sequence
from typing import NoReturn

import trio

from worker.abilities import Functions, TimeLimits, as_bytes
from worker.worker import Worker

__all__ = ["run_worker"]


async def run_worker(
    servers: str | Sequence[str],
    functions: Functions,
    *,
    concurrency: int = 1,
    client_id: bytes | str = b"",
    time_limits: TimeLimits | None = None,
    tls: ssl.SSLContext | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> NoReturn:
    """Runs jobs until it is cancelled; `Worker` in one call.

    Args:
        servers: one address or several, see `Worker.run`.
        functions: for each name an async function, see `Worker.register`. Of several the first is served first.
        concurrency: how many jobs may run at a time, over all servers.
        client_id: how the server's ``workers`` listing names this worker.
        time_limits: seconds by function name, see `Worker.register`.
        tls: see `Worker.run`.
        task_status: started when the first of the servers has registered the functions.

    Raises:
        ValueError: the arguments cannot be right; nothing was started.

    Example:
        async def resize(job: Job) -> bytes:
            return job.payload

        with trio.move_on_after(0.1):
            await run_worker("127.0.0.1:4730", {"resize": resize}, concurrency=4)
    """
    worker = Worker(concurrency=concurrency, client_id=client_id)
    limits = {as_bytes(name): seconds for name, seconds in (time_limits or {}).items()}
    named = {as_bytes(name): function for name, function in functions.items()}
    for name in limits:
        if name not in named:
            raise ValueError(f"a time limit for {name!r}, which is not among the functions")
    for name, function in named.items():
        worker.register(name, timeout=limits.get(name))(function)
    await worker.run(*([servers] if isinstance(servers, str) else servers), tls=tls, task_status=task_status)
    raise AssertionError("unreachable: nobody else has this worker, so nobody drains it")
