"""A job we wait for, and what the connection tells it. Nothing here waits: how one does is another matter."""

from collections.abc import Callable
from enum import Enum
from typing import ClassVar, TypeAlias

from client.errors import ClientClosedError, JobFailedError, JobRaisedError
from client.loss import Loss
from protocol import WorkComplete, WorkData, WorkException, WorkFail, WorkStatus, WorkWarning

__all__ = ["Attachment", "End", "News"]

News: TypeAlias = WorkData | WorkWarning | WorkStatus
End: TypeAlias = WorkComplete | WorkFail | WorkException


class Left(Enum):
    """How an attachment is over when neither the job nor the connection is."""

    BY_ITS_CALLER = "the job was let go before its end"


class Attachment:
    """One submit's tie to its job.

    The server knows as many ties as there were submits, also when they share a job.

    The connection's side (`accepted`, `news`, `end`, `lose`) is synchronous and never waits for the caller's
    side.
    """

    closed_error: ClassVar[type[Exception]] = ClientClosedError

    def __init__(self, sink: Callable[[News], None]) -> None:
        self.handle: bytes = b""
        self._sink: Callable[[News], None] | None = sink
        self._end: End | Loss | Left | None = None

    @property
    def over(self) -> bool:
        """The job has ended, or nobody will ever tell us how it ends."""
        return self._end is not None

    def accepted(self, handle: bytes) -> None:
        """The server made the job, or joined us to one."""
        self.handle = handle

    def news(self, packet: News) -> None:
        """Something on the way."""
        if self._sink is not None:
            self._sink(packet)
            self.wake()

    def end(self, packet: End) -> None:
        """The job ended."""
        self._finish(packet)

    def lose(self, loss: Loss) -> None:
        """The connection is over before the job was."""
        self._finish(loss)

    def forget(self) -> None:
        """The caller has left: what still comes is dropped.

        (It comes: the server has no word for letting go of a job.)
        """
        self._sink = None
        self._finish(Left.BY_ITS_CALLER)

    def wake(self) -> None:
        """There is something new to look at; for those who wait, if there can be any."""

    def result(self) -> bytes:
        """The result of a job that is over; raises JobFailedError, JobRaisedError or ConnectionLostError."""
        match self._end:
            case WorkComplete(payload=payload):
                return payload
            case WorkFail():
                raise JobFailedError(self.handle)
            case WorkException(payload=payload):
                raise JobRaisedError(self.handle, payload)
            case Loss() as loss:
                raise loss.error("the job was accepted; whether it ran or will run is not known", self.handle)
            case Left.BY_ITS_CALLER:
                raise self.closed_error(Left.BY_ITS_CALLER.value)
            case None:
                raise RuntimeError("the job is not over")

    def _finish(self, end: End | Loss | Left) -> None:
        if self._end is None:  # the first word counts; gearmand may complete a job that it has called failed
            self._end = end
            self.wake()
