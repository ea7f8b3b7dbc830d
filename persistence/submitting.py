"""Submits: a job goes into the store, or joins the one that has its unique."""

from collections.abc import Callable

from persistence.claiming import Claiming
from persistence.errors import StoreError
from persistence.functions import Function
from persistence.jobs import ClaimedJob, Submitted
from persistence.link import REFUSALS, Link
from persistence.replies import Command, Reply, expect_bytes
from persistence.records import Incarnation, JobId, job_id
from persistence.scripts import ENQUEUE

SubmitAnswer = Callable[[Submitted | StoreError, JobId], None]
"""What became of it, and the id its handle is made of."""

Handed = Callable[[ClaimedJob | None], None]
"""Called once for a submit that asked for a hand-off: the oldest job of the function, or nothing."""

_WORDS = {
    b"queued": Submitted.QUEUED,
    b"scheduled": Submitted.QUEUED,
    b"full": Submitted.FULL,
    b"gone": Submitted.GONE,
}


class Submit:
    """One submit on its way. It is built again for every try, under the identity we have by then."""

    __slots__ = (
        "_answer", "_claiming", "_function", "_handed", "_handoff", "_id", "_incarnation", "_link", "_number", "_record",
        "_run_at", "_waits", "deadline",
    )  # fmt: skip

    def __init__(
        self,
        link: Link,
        claiming: Claiming,
        function: Function,
        record: bytes,
        run_at: bytes,
        waits: bool,
        answer: SubmitAnswer,
        handed: Handed | None,
    ) -> None:  # fmt: skip
        self._link = link
        self._claiming = claiming
        self._function = function
        self._record = record
        self._run_at = run_at
        self._waits = waits
        self._handoff: bytes | int = claiming.next_number() if handed else b""
        self._answer = answer
        self._handed = handed
        self.deadline = link.deadline()
        self._number_it()

    def _number_it(self) -> None:
        self._incarnation: Incarnation = self._link.incarnation
        self._number = self._function.next_number()
        self._id = job_id(self._incarnation, self._number)

    def post(self) -> None:
        """Send it, once more after every reconnect until its deadline."""
        self._link.pipe.post(self._build(), self._settle, again=self._build, deadline=self.deadline)

    def _build(self) -> Command:
        if self._incarnation != self._link.incarnation:
            self._number_it()
        return self._link.call(
            ENQUEUE,
            self._function,
            self._number,
            self._function.floor,
            self._id,
            self._record,
            self._run_at,
            b"1" if self._waits else b"",
            self._handoff,
        )

    def _settle(self, reply: Reply) -> None:
        if reply in REFUSALS:
            self._link.refused(reply, self._incarnation)
            self.post()
            return
        self._function.answered(self._number)
        if isinstance(reply, list) and reply[0] == b"handed":
            self._answer(Submitted.QUEUED, self._id)
            self._hand_over(reply)
            return
        if isinstance(reply, StoreError):
            self._answer(reply, self._id)
        elif isinstance(reply, list):
            self._answer(Submitted.JOINED, JobId(expect_bytes(reply[1])))
        else:
            self._answer(_WORDS[expect_bytes(reply)], self._id)
        if self._handed is not None:
            self._handed(None)

    def _hand_over(self, reply: list[Reply]) -> None:
        assert self._handed is not None
        assert isinstance(self._handoff, int)
        self._claiming.deliver(self._function, reply[1:], self._handoff, self._handed)
