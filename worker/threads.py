"""Plain functions, run in threads, and the job as they see it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from worker.errors import JobGivenUp
from worker.job import Job

__all__ = ["ThreadJob", "run_in_thread"]

ResultT = TypeVar("ResultT")


class ThreadJob:
    """A job that is run by a plain function in a thread; as `Job`, with methods that block.

    A thread cannot be stopped from outside. When the job's time is up, its connection lost or the worker stopped, the
    run is of no use any more, and the thread goes on until it next says something: that raises `JobGivenUp`.

    Attributes:
        function: under which name it was submitted.
        handle: the server's name for it.
        unique: its submitter's name for it, or empty.
        reducer: where its pieces are to be sent, or empty.
        payload: what it is to be done with.

    Example:
        worker = Worker()

        @worker.register_plain("count")
        def count(job: ThreadJob) -> str:
            job.check()
            job.progress(0, 1)
            if not job.payload:
                job.warn("nothing to count")
            job.data("counted: ")
            return str(len(job.payload))

        async with trio.open_nursery() as nursery:
            await nursery.start(worker.run, "127.0.0.1:4730")
            assert await client.call("count", b"abcd") == b"counted: 4"
            worker.drain()
    """

    def __init__(self, job: Job) -> None:
        self.function: bytes = job.function
        self.handle: bytes = job.handle
        self.unique: bytes = job.unique
        self.reducer: bytes = job.reducer
        self.payload: bytes = job.payload
        self._job = job
        self._given_up = False

    def progress(self, numerator: int, denominator: int) -> None:
        """Tells that `numerator` of `denominator` parts are done."""
        self._tell(lambda: self._job.progress(numerator, denominator))

    def data(self, payload: bytes | str) -> None:
        """Sends a part of the result ahead."""
        self._tell(lambda: self._job.data(payload))

    def warn(self, payload: bytes | str) -> None:
        """Sends a warning and goes on."""
        self._tell(lambda: self._job.warn(payload))

    def check(self) -> None:
        """Raises JobGivenUp if nobody wants the result any more; for loops that have nothing to tell."""
        if self._given_up:
            raise JobGivenUp

    def _give_up(self) -> None:
        """The run has ended without the thread."""
        self._given_up = True

    def _tell(self, tell: Callable[[], Awaitable[None]]) -> None:
        async def told() -> None:
            self.check()  # here, where no other code of ours runs in between
            await tell()

        self.check()
        trio.from_thread.run(told)


async def run_in_thread(
    function: Callable[[ThreadJob], ResultT], job: Job, limiter: trio.CapacityLimiter | None
) -> ResultT:
    """Runs the function in a thread. Cancelled: the thread is left alone, and what it returns is dropped."""
    told = ThreadJob(job)
    try:
        return await trio.to_thread.run_sync(function, told, abandon_on_cancel=True, limiter=limiter)
    finally:
        told._give_up()
