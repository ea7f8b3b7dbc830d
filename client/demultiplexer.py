"""Which packet is for whom: answers by the order of requests, news of jobs by their handle.

Decides and hands over; it sends nothing and awaits nothing, so that whatever it does is atomic for all tasks.
"""

from collections import deque

from client.attachment import Attachment, End, News
from client.loss import Loss
from client.slot import Answer, Slot
from protocol import (
    EchoRes,
    Error,
    Event,
    JobCreated,
    Noop,
    OptionRes,
    StatusRes,
    StatusResUnique,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)

__all__ = ["Demultiplexer", "OutOfStepError"]


class OutOfStepError(Exception):
    """The server answered something nobody asked; who the next answer belongs to cannot be known any more."""


class Demultiplexer:
    """The unanswered requests and the unfinished jobs of one connection."""

    def __init__(self) -> None:
        self._slots: deque[Slot] = deque()
        self._jobs: dict[bytes, deque[Attachment]] = {}

    @property
    def unanswered(self) -> int:
        """How many requests have left and wait for their answers."""
        return len(self._slots)

    def expect(self, slot: Slot) -> None:
        """This request leaves now, behind all earlier ones."""
        self._slots.append(slot)

    def receive(self, packet: Event) -> None:
        """Hands one packet to whom it is for; OutOfStepError if nobody is."""
        match packet:
            case WorkData() | WorkWarning() | WorkStatus():
                self._news(packet)
            case WorkComplete() | WorkFail() | WorkException():
                self._end(packet)
            case JobCreated() | StatusRes() | StatusResUnique() | EchoRes() | OptionRes() | Error():
                self._answer(packet)
            case Noop():
                pass  # libgearman ignores it too: a hint for workers, and we are none
            case _:
                raise OutOfStepError(f"a {type(packet).__name__} is not for a client")

    def lose(self, loss: Loss) -> None:
        """No more will come: everybody who waits is told."""
        while self._slots:
            self._slots.popleft().settle(loss)
        jobs, self._jobs = self._jobs, {}
        for attachments in jobs.values():
            for attachment in attachments:
                attachment.lose(loss)

    def _answer(self, answer: Answer | Error) -> None:
        if not self._slots:
            raise OutOfStepError(f"a {type(answer).__name__} that nobody asked for")
        slot = self._slots[0]
        if not isinstance(answer, Error) and not slot.fits(answer):
            raise OutOfStepError(f"a {type(answer).__name__} in the place of a {slot.expected.__name__}")
        self._slots.popleft()
        if isinstance(answer, JobCreated) and slot.attachment is not None:
            self._attach(answer.handle, slot.attachment)
        slot.settle(answer)

    def _attach(self, handle: bytes, attachment: Attachment) -> None:
        attachment.accepted(handle)
        self._jobs.setdefault(handle, deque()).append(attachment)

    def _news(self, packet: News) -> None:
        attachments = self._jobs.get(packet.handle)
        if attachments is None:
            return  # a job that has ended for us, such as one that was cancelled and completed all the same
        # The server sends a copy for each submit that shares the job, one behind the other: each takes its
        # turn.
        attachments[0].news(packet)
        attachments.rotate(-1)

    def _end(self, packet: End) -> None:
        # The first copy ends the job for all; the others find nobody. So nobody hangs if a server sends but
        # one.
        for attachment in self._jobs.pop(packet.handle, ()):
            attachment.end(packet)
