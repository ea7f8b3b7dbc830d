"""Keeps a worker connected to its servers, each for itself."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio

from peer import Backoff
from worker.abilities import Abilities
from worker.connection import WorkerConnection
from worker.draining import Drain

__all__ = ["Connect", "Keeper"]

logger: logging.Logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0

Connect: TypeAlias = Callable[[], Awaitable[trio.abc.Stream]]


class Keeper:
    """What the connections of one worker share: its abilities, its places, and its end.

    Their tasks are protected from KeyboardInterrupt, but for those that run jobs: within ``start_soon`` it would leave
    a task that never runs, and a nursery that waits for it for ever. The main task gets it at its next checkpoint.
    """

    def __init__(
        self, abilities: Abilities, concurrency: int, drain: Drain, task_status: trio.TaskStatus[None]
    ) -> None:
        self._abilities = abilities
        self._places = trio.Semaphore(concurrency)
        self._drain = drain
        self._task_status: trio.TaskStatus[None] | None = task_status

    @trio.lowlevel.enable_ki_protection
    async def keep_connected(self, server: str, connect: Connect) -> None:
        """Works for one server until the drain: connects, works, and after a loss and a pause connects again."""
        backoff = Backoff()

        def registered() -> None:
            backoff.reset()
            self._tell_started()
            logger.info("registered at %s", server)

        while not self._drain.begun:
            stream = await self._connect(server, connect, backoff)
            if stream is None:
                break
            await WorkerConnection(stream, server, self._abilities, self._places, self._drain).run(registered)
            with self._drain.interrupts():
                await trio.sleep(backoff.next_pause())

    async def _connect(self, server: str, connect: Connect, backoff: Backoff) -> trio.abc.Stream | None:
        """Tries until the server is there, and says once that it is not; None if the drain began first."""
        log = logger.warning
        with self._drain.interrupts():
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
        return None

    def _tell_started(self) -> None:
        if self._task_status is not None:
            self._task_status.started()
            self._task_status = None
