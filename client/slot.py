"""A request's place in the order of answers."""

from collections.abc import Callable
from typing import TypeAlias

from client.attachment import Attachment
from client.errors import ConnectionLostError, RefusedError
from client.loss import Loss
from protocol import EchoRes, Error, JobCreated, OptionRes, StatusRes, StatusResUnique

__all__ = ["Answer", "NotSentError", "Slot"]

Answer: TypeAlias = JobCreated | StatusRes | StatusResUnique | EchoRes | OptionRes


class NotSentError(Exception):
    """The connection ended before a byte of the request left: asking again on another one is always safe."""


class Slot:
    """One request, its encoded bytes and, once it is there, its answer.

    Gearman answers carry no number: the n-th answer belongs to the n-th request, and an ERROR stands for an
    answer.
    """

    __slots__ = ("_outcome", "abandoned", "attachment", "data", "expected", "sent", "when_settled")

    def __init__(self, data: bytes, expected: type[Answer], attachment: Attachment | None = None) -> None:
        self.data: bytes = data
        self.expected: type[Answer] = expected
        self.attachment: Attachment | None = attachment  # tied to the job's handle in the moment that is known
        self.sent: bool = False
        self.abandoned: bool = False
        self.when_settled: Callable[[], None] | None = None
        self._outcome: Answer | Error | Loss | None = None

    @property
    def clings(self) -> bool:
        """The server has tied a job to this connection for us, or may yet do so, and it has not ended."""
        if self.attachment is None or self.attachment.over or not self.sent:
            return False
        return not isinstance(self._outcome, Error | Loss)

    @property
    def settled(self) -> bool:
        """The answer is here, or will not come."""
        return self._outcome is not None

    @property
    def lost(self) -> bool:
        """The connection ended before the answer came."""
        return isinstance(self._outcome, Loss)

    def loss_error(self) -> ConnectionLostError | None:
        """What `answer` raises, if the connection was lost and we did not close it."""
        if not isinstance(self._outcome, Loss):
            return None
        error = self._outcome.error(self._what_is_known())
        return error if isinstance(error, ConnectionLostError) else None

    def fits(self, answer: Answer) -> bool:
        """Is this an answer to what we asked?"""
        return isinstance(answer, self.expected)

    def settle(self, outcome: Answer | Error | Loss) -> None:
        """The answer, a refusal, or the certainty that none will come."""
        self._outcome = outcome
        if self.when_settled is not None:
            self.when_settled()

    def answer(self) -> Answer:
        """The answer of a request that is settled; raises RefusedError, ConnectionLostError or NotSentError."""
        match self._outcome:
            case Error(code=code, text=text):
                raise RefusedError(code, text)
            case Loss() as loss:
                if not self.sent and loss.closed is None:
                    raise NotSentError
                raise loss.error(self._what_is_known())
            case None:
                raise RuntimeError("the request is not settled")
            case answer:
                return answer

    def _what_is_known(self) -> str:
        if not self.sent:
            return "the request was not sent"
        if self.expected is JobCreated:
            return "the submit was not answered; the job may or may not have been accepted"
        return "the request was not answered"
