"""Submits that are under way, or are to be, and what becomes of them when their connection is lost."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from client.errors import CannotConnectError, ConnectionLostError, RefusedError
from client.records import Submitted
from client.slot import Slot
from client.submission import BackgroundJob
from protocol import JobCreated

__all__ = ["REFILL_JOBS", "PendingSubmit", "free_what_may_be_submitted_again", "next_job"]

REFILL_JOBS = 64
"""Room for so many is waited for before more are taken, so that they leave in one send and not in one each."""


SlotT = TypeVar("SlotT", bound=Slot)


class PendingSubmit(Generic[SlotT]):
    """A job whose outcome was not handed out yet."""

    __slots__ = ("job", "lost", "slot", "unreachable")

    def __init__(self, job: BackgroundJob) -> None:
        self.job: BackgroundJob = job
        self.slot: SlotT | None = None  # where it was last submitted; None: it is to be submitted
        self.lost: ConnectionLostError | None = None  # it was sent once before
        self.unreachable: CannotConnectError | None = None

    def given_up(self, unreachable: CannotConnectError) -> Submitted:
        """Its outcome when no server is there: "nothing was sent" would be untrue of one that was sent and lost."""
        return Submitted(self.job, None, self.lost or unreachable)

    def outcome(self, slot: SlotT) -> Submitted:
        """Its outcome when its request is settled; raises NotSentError if it must be submitted again."""
        try:
            answer = slot.answer()
        except (RefusedError, ConnectionLostError) as error:
            return Submitted(self.job, None, error)
        assert isinstance(answer, JobCreated)  # the demultiplexer has seen to it
        return Submitted(self.job, answer.handle, None)


def free_what_may_be_submitted_again(pending: Iterable[PendingSubmit[SlotT]]) -> None:
    """After a loss: whatever had not left, and once what has a unique."""
    for entry in pending:
        slot = entry.slot
        if slot is None or not slot.lost:
            continue
        if not slot.sent:
            entry.slot = None
        elif entry.job.repeatable and entry.lost is None:
            entry.lost = slot.loss_error()
            entry.slot = None


def next_job(jobs: Iterator[BackgroundJob]) -> BackgroundJob | None:
    """The next one, or None at the end; TypeError if it is no job: a None among them is not the end of them."""
    for job in jobs:
        if not isinstance(job, BackgroundJob):
            raise TypeError(f"submit_many takes BackgroundJob, not {type(job).__name__}")
        return job
    return None
