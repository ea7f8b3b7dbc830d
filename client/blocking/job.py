"""A job whose caller watches it run, without trio."""

from collections.abc import Callable
from typing import Generic, Self, TypeVar

from client.attachment import Attachment
from client.errors import UpdatesOverrunError
from client.records import Update
from client.results import ResultReader
from client.updates import UpdateBuffer

__all__ = ["FollowedJob"]

ResultT = TypeVar("ResultT")


class FollowedJob(Generic[ResultT]):
    """What `Client.follow` gives: iterate over it for the updates, and ask `result` for the end.

    Both may be used in any order, by one thread at a time; each update is handed out once. Updates are read from the
    connection as they are asked for. The job is let go at the end of the ``with`` block.

    Example:
        with client.follow("resize", b"a picture") as job:
            for update in job:
                match update:
                    case Progress(numerator, denominator):
                        print(numerator, "of", denominator)
                    case Data(payload) | Warned(payload):
                        print(payload)
    """

    def __init__(
        self, attachment: Attachment, updates: UpdateBuffer, read: ResultReader[ResultT], hear: Callable[[], None]
    ) -> None:
        self._attachment = attachment
        self._updates = updates
        self._read = read
        self._hear = hear

    @property
    def handle(self) -> bytes:
        """The server's name for the job."""
        return self._attachment.handle

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Update:
        """The next update.

        Ends after the last one if the job completed. If it did not, raises what `result` raises. Raises
        UpdatesOverrunError at the point where updates were lost because `result` came first and they were too many.
        """
        while (update := self._updates.pop()) is None:
            if self._updates.overrun:
                raise UpdatesOverrunError(f"the updates of job {self.handle!r} were not read in time")
            if self._attachment.over:
                self._attachment.result()
                raise StopIteration
            self._hear()
        return update

    def result(self) -> ResultT:
        """Waits for the end and returns what the worker sent with it; data it sent before are updates.

        Raises:
            JobFailedError: the job failed; JobRaisedError, a kind of it, if its worker told an exception.
            ConnectionLostError: the connection was lost first; whether the job ran is not known.
            TimedOutError: the time given to `follow` is up.
            UnreadableResultError: the job is done, and its result is not what the `Function` declares.
            ClientClosedError: the ``with`` block was left before the end.
        """
        while not self._attachment.over:
            self._hear()
        return self._read(self.handle, self._attachment.result())
