"""Several processes of one worker, or one that is started again when its program changes."""

import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import trio

from peer import Backoff
from worker.watching import SourceWatch

__all__ = ["CANNOT_RUN", "Supervisor"]

logger: logging.Logger = logging.getLogger(__name__)

CANNOT_RUN: Final = 2
"""The exit status of a process that found no worker to run: another one would not either."""

GIVING_BACK_SECONDS = 5.0  # a worker that is told to end at once takes a second; one whose loop hangs is killed


class Supervisor:
    """Keeps so many processes of a worker running.

    They are in process groups of their own, so that Ctrl-C reaches them through us and once; and their standard input
    is a pipe of ours, so that they end with us, whatever ends us.
    """

    def __init__(self, words: Sequence[str], count: int, watch: SourceWatch | None) -> None:
        self._command = [sys.executable, "-m", "worker", *words, "--supervised"]
        self._count = count
        self._watch = watch
        self._running: set[trio.Process] = set()
        self._stopping = False
        self._status = 0
        self._changed = trio.Event()

    async def run(self) -> int:
        """Returns the exit status when all of them have ended and are not to be started again."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with trio.open_nursery() as helpers:

                async def pass_signals_on() -> None:
                    async for _ in signals:
                        if self._stopping:
                            await self._give_back()
                        else:
                            self._stop()

                helpers.start_soon(pass_signals_on)
                if self._watch is not None:
                    helpers.start_soon(self._start_again_when_changed, self._watch)
                async with trio.open_nursery() as nursery:
                    for _ in range(self._count):
                        nursery.start_soon(self._keep_running)
                helpers.cancel_scope.cancel()
        return self._status

    def _stop(self) -> None:
        self._stopping = True
        self._changed.set()
        for process in self._running:
            process.send_signal(signal.SIGTERM)

    async def _give_back(self) -> None:
        """Does not wait for them. Not by a signal: see `worker.__main__`, which hears one more as the same wish."""
        logger.warning("told again to stop: giving running jobs back")
        for process in tuple(self._running):
            if process.stdin is not None:
                await trio.aclose_forcefully(process.stdin)

    async def _keep_running(self) -> None:
        backoff = Backoff()
        while not self._stopping:
            changed = self._changed
            status = await self._run_one(changed)
            if changed.is_set():  # or all of it is to stop
                continue
            if self._watch is not None:
                logger.info("it has ended with status %d; it is started again when a file changes", status)
                await changed.wait()
            elif status == 0:
                return
            elif status == CANNOT_RUN:
                self._status = CANNOT_RUN
                self._stop()
            else:
                logger.error("a process of the worker ended with status %d; another is started", status)
                await trio.sleep(backoff.next_pause())

    async def _run_one(self, changed: trio.Event) -> int:
        process = await trio.lowlevel.open_process(self._command, stdin=subprocess.PIPE, process_group=0)
        self._running.add(process)
        if self._stopping:  # the signal came while it was started
            process.send_signal(signal.SIGTERM)
        try:
            if changed.is_set() and not self._stopping:  # so did the change, and it may have read what was there before
                await _end_at_once(process)
            return await process.wait()
        finally:
            self._running.discard(process)
            if process.stdin is not None:
                with trio.CancelScope(shield=True):  # waits for nothing
                    await trio.aclose_forcefully(process.stdin)

    async def _start_again_when_changed(self, watch: SourceWatch) -> None:
        while True:
            name = await watch.wait_changed()
            logger.info("%s has changed: starting again", name)
            self._changed.set()
            self._changed = trio.Event()
            async with trio.open_nursery() as nursery:
                for process in tuple(self._running):
                    nursery.start_soon(_end_at_once, process)


async def _end_at_once(process: trio.Process) -> None:
    if process.stdin is not None:
        await trio.aclose_forcefully(process.stdin)
    with trio.move_on_after(GIVING_BACK_SECONDS):
        await process.wait()
        return
    process.kill()
