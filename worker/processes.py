"""Functions that keep a processor busy, run in processes beside the worker.

Of the standard library, and small: what the ready-made pools lack is that a call which is cancelled ends its process,
and that is what time limits need (docs/decisions/0012-processes.md).
"""

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TypeVar, cast

import trio

from worker.child import Answer, Failed, Raised, serve_calls
from worker.errors import JobFailed

__all__ = ["ChildRaisedError", "ProcessDiedError", "ProcessPool"]

ResultT = TypeVar("ResultT")

SPAWN = multiprocessing.get_context("spawn")  # a fork would copy trio's loop, its sockets and its threads' locks


GOODBYE_SECONDS = 5.0  # a killed process is gone at once, unless it hangs in the kernel


class ProcessDiedError(Exception):
    """The process that ran a job ended before the job did: killed, perhaps for its memory, or crashed."""


class ChildRaisedError(Exception):
    """What a function raised in its process, in words; the exception itself stayed there."""

    def __init__(self, raised: Raised) -> None:
        super().__init__(raised.summary)
        self.summary: str = raised.summary
        self.details: str = raised.details


class Child:
    """One process, and our end of the pipe to it. Its methods block."""

    def __init__(self) -> None:
        self._ours, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=serve_calls, args=(theirs,), daemon=True)
        with _term_blocked():
            self._process.start()
        theirs.close()

    @property
    def alive(self) -> bool:
        """It can be asked; an idle process may have been killed, for its memory perhaps."""
        return self._process.is_alive()

    def ask(self, call: bytes) -> Answer:
        """Has one call done; ProcessDiedError if the process ends first, and then the child is closed."""
        try:
            self._ours.send_bytes(call)
            return cast(Answer, pickle.loads(self._ours.recv_bytes()))
        except (EOFError, OSError) as error:
            self._ours.close()
            self._process.join()
            raise ProcessDiedError(
                f"the process that ran the job ended with status {self._process.exitcode}"
            ) from error

    def kill(self) -> None:
        """Ends the process; a thread in `ask` notices."""
        self._process.kill()

    def join(self) -> None:
        """Returns when the process is no more."""
        self._process.join()

    def close(self) -> None:
        """Ends an idle process and leaves nothing of it."""
        self._process.kill()
        self._process.join()
        self._ours.close()


class ProcessPool:
    """Processes that are started when they are first needed, and then used again.

    Args:
        size: how many may run at a time; beyond it, calls wait.
    """

    def __init__(self, size: int | None = None) -> None:
        self._places = trio.Semaphore(size or os.cpu_count() or 1)
        # For each place: a thread that asks, and for a killed process one that waits for its end, and one left alone.
        self._threads = trio.CapacityLimiter(3 * self._places.value)
        self._idle: list[Child] = []

    async def run(self, function: Callable[..., ResultT], *arguments: object) -> ResultT:
        """Returns what the function returns, or raises JobFailed, ChildRaisedError or ProcessDiedError.

        Cancelled: its process is killed.
        """
        call = pickle.dumps((function, arguments))
        async with self._places:
            child = self._living() or await self._start()
            try:
                answer = await trio.to_thread.run_sync(child.ask, call, abandon_on_cancel=True, limiter=self._threads)
            except BaseException:
                child.kill()
                with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                    await trio.to_thread.run_sync(child.join, abandon_on_cancel=True, limiter=self._threads)
                raise
            self._idle.append(child)
        if isinstance(answer, Failed):
            raise JobFailed(answer.reason)
        if isinstance(answer, Raised):
            raise ChildRaisedError(answer)
        return cast(ResultT, answer.result)

    def close(self) -> None:
        """Ends the processes that have nothing to do; those that have are ended by the cancellation of their call."""
        while self._idle:
            self._idle.pop().close()

    def _living(self) -> Child | None:
        """The process that was idle last; those that died meanwhile are done with, and no job of theirs is harmed."""
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            child.close()
        return None

    async def _start(self) -> Child:
        """Starts a process. Not to be cancelled, for it would be nobody's then; it takes a tenth of a second."""
        with trio.CancelScope(shield=True):
            return await trio.to_thread.run_sync(Child)
        raise AssertionError("unreachable: what is shielded is not cancelled")


@contextmanager
def _term_blocked() -> Iterator[None]:
    """A process that is started here inherits that TERM waits, until it knows what to make of it."""
    resource_tracker.ensure_running()  # else it is started with the first process, and unblocks TERM in this thread
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
