"""The public worker: keeps a connection to each server, and the functions behind them."""

import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NoReturn, TypeAlias

import trio

from peer import Backoff, dial, parse_addresses
from worker.abilities import Abilities, Functions, TimeLimits, abilities_of
from worker.connection import WorkerConnection

__all__ = ["run_worker"]

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0


Connect: TypeAlias = Callable[[], Awaitable[trio.abc.Stream]]


class Worker:
    """What the connections of one worker share."""

    def __init__(self, abilities: Abilities, concurrency: int, task_status: trio.TaskStatus[None]) -> None:
        self._abilities = abilities
        self._places = trio.Semaphore(concurrency)
        self._task_status: trio.TaskStatus[None] | None = task_status

    async def keep_connected(self, server: str, connect: Connect) -> NoReturn:
        """Works for one server for ever: connects, works, and after a loss and a pause connects again."""
        backoff = Backoff()

        def registered() -> None:
            backoff.reset()
            self._tell_started()
            logger.info("registered at %s", server)

        while True:
            stream = await self._connect(server, connect, backoff)
            await WorkerConnection(stream, server, self._abilities, self._places).run(registered)
            await trio.sleep(backoff.next_pause())

    async def _connect(self, server: str, connect: Connect, backoff: Backoff) -> trio.abc.Stream:
        """Tries until the server is there; says once that it is not."""
        log = logger.warning
        while True:
            try:
                with trio.fail_after(CONNECT_SECONDS):
                    return await connect()
            except OSError as error:
                log("cannot connect to %s: %s", server, error)
            except trio.TooSlowError:
                log("cannot connect to %s: no answer in %g seconds", server, CONNECT_SECONDS)
            log = logger.debug
            await trio.sleep(backoff.next_pause())

    def _tell_started(self) -> None:
        if self._task_status is not None:
            self._task_status.started()
            self._task_status = None


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
    """Runs jobs until it is cancelled.

    Args:
        servers: one address or several: ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``, the port
            being 4730 if left out. The worker keeps a connection to each, and connects again, after jittered
            pauses of at most two seconds, to those it loses. A server that is down is no error: it is tried
            until it is there.
        functions: for each name an async function. It gets a `Job`; what it returns (bytes, text or None) is
            the result. If it raises `JobFailed` the job failed; any other exception ends the job, too, and
            its type and message are told to those who wait. Neither ends the worker. Of several names the
            first is served first.
        concurrency: how many jobs may run at a time, over all servers. No more are asked for than can be
            started at once.
        client_id: how the server's ``workers`` listing names this worker.
        time_limits: seconds by function name, after which the *server* gives the job to another worker
            (gearmand: at least one). The run here is not cut short, but nobody wants its result any more.
            gearmand 1.1 keeps one timer for a connection: with limits, keep to a concurrency of 1 there.
        tls: whom to trust for the servers' certificates, such as ``ssl.create_default_context()``; None speaks
            plainly.
        task_status: started when the first of the servers has registered the functions.

    Raises:
        ValueError: the arguments cannot be right; nothing was started.

    A job runs at least once: again if its worker, the connection or the server goes away, or if its time
    limit passes. When a connection is lost, the jobs it brought are cancelled, for the server hands them out
    again, and their results are never sent.

    If it is cancelled, no more jobs are asked for, running ones are cancelled, the results of finished ones
    get a second to leave, and the connections are closed; the servers give unfinished jobs to others.
    """
    addresses = parse_addresses([servers] if isinstance(servers, str) else servers)
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")
    worker = Worker(abilities_of(functions, time_limits or {}, client_id), concurrency, task_status)
    async with trio.open_nursery() as nursery:
        for address in addresses:
            nursery.start_soon(worker.keep_connected, str(address), partial(dial, address, tls))
    raise AssertionError("unreachable: connections are kept for ever")
