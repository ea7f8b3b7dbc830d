"""A job whose caller watches it run."""

from typing import Generic, Self, TypeVar

import trio

from client.awaiting import AwaitedAttachment
from client.errors import UpdatesOverrunError
from client.records import Update
from client.results import ResultReader
from client.updates import UpdateBuffer

__all__ = ["FollowedJob"]

ResultT = TypeVar("ResultT")


class FollowedJob(Generic[ResultT]):
    """What `Client.follow` gives: iterate over it for the updates, and ask `result` for the end.

    Both may be used, in any order, also from two tasks; each update is handed out once. The job is let go at
    the end of the ``async with`` block, and only there: cancelling an iteration or a `result` loses nothing,
    either may be called again.

    Example:
        async with client.follow("resize", b"a picture") as job:
            async for update in job:
                match update:
                    case Progress(numerator, denominator):
                        print(numerator, "of", denominator)
                    case Data(payload) | Warned(payload):
                        print(payload)
    """

    def __init__(self, attachment: AwaitedAttachment, updates: UpdateBuffer, read: ResultReader[ResultT]) -> None:
        self._attachment = attachment
        self._updates = updates
        self._read = read

    @property
    def handle(self) -> bytes:
        """The server's name for the job."""
        return self._attachment.handle

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        """The next update.

        Ends after the last one if the job completed. If it did not, raises what `result` raises. Raises
        UpdatesOverrunError at the point where updates were lost because they were not read in time; `result`
        still works then.
        """
        await trio.lowlevel.checkpoint()  # first, so that a cancellation cannot take an update with it
        while (update := self._updates.pop()) is None:
            if self._updates.overrun:
                raise UpdatesOverrunError(f"the updates of job {self.handle!r} were not read in time")
            if self._attachment.over:
                self._attachment.result()
                raise StopAsyncIteration
            await self._attachment.wait_news()
        return update

    async def result(self) -> ResultT:
        """Waits for the end and returns what the worker sent with it; data it sent before are updates.

        Raises:
            JobFailedError: the job failed; JobRaisedError, a kind of it, if its worker told an exception.
            ConnectionLostError: the connection was lost first; whether the job ran is not known.
            UnreadableResultError: the job is done, and its result is not what the `Function` declares.
            trio.ClosedResourceError: the client was closed, or the ``async with`` block left, before the end.

        Example:
            async with client.follow("resize", b"a picture") as job:
                print(job.handle, await job.result())
        """
        return self._read(self.handle, await self._attachment.wait_end())
