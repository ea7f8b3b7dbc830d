"""Submits: a job goes into the store, or joins the one that has its unique."""

import math
from collections.abc import Callable
from typing import Final

from persistence.beside import BARE, BESIDE_BYTES, HandingIn
from persistence.claiming import LARGE_BYTES, Claiming
from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError
from persistence.functions import Function
from persistence.introducing import introduce
from persistence.jobs import ClaimedJob, Order, Submitted
from persistence.link import REFUSALS, Link
from persistence.records import Incarnation, JobId, job_id, pack_record
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.scripts import ATTEND, ENQUEUE, HOLDER

SubmitAnswer = Callable[[Submitted | StoreError, JobId], None]
"""What became of it, and the id its handle is made of."""

Handed = Callable[[ClaimedJob | None], None]
"""Called once for a submit that asked for a hand-off, behind its answer: the oldest job, or nothing."""

UNMET: Final = b"unmet"
FULL: Final = b"full"
JOINED: Final = b"joined"
LIMITED: Final = b"limited"
QUEUED: Final = b"queued"
HOLDER_ID: Final = 2
"""Where the id is in what holder.lua answers."""
_WORDS = {
    QUEUED: Submitted.QUEUED,
    b"scheduled": Submitted.QUEUED,
    FULL: Submitted.FULL,
    b"gone": Submitted.GONE,
}


class Submit:
    """One submit on its way.

    It bears the name and number under which it was sent first as long as Redis may have stored it under them:
    if we were taken for lost in between, it asks under the old name what became of it, and only when nothing
    did is it sent as a new one.
    """

    __slots__ = (
        "_answer", "_beside", "_claiming", "_function", "_handed", "_handoff", "_id", "_joined_unheard", "_link",
        "_number", "_order", "_record", "_taken", "deadline", "incarnation", "room", "sent_before",
    )  # fmt: skip

    def __init__(
        self,
        link: Link,
        claiming: Claiming,
        function: Function,
        order: Order,
        answer: SubmitAnswer,
        handed: Handed | None,
        joined_unheard: Callable[[JobId], None] | None = None,
    ) -> None:
        self._link = link
        self._claiming = claiming
        self._order = order
        self._function = function
        self._handoff: bytes | int = claiming.next_number() if handed else b""
        self.room = claiming.make_room() if handed else LARGE_BYTES
        """The bytes up to which a job that is handed out in the same script may come whole."""
        self._answer = answer
        self._handed = handed
        self._joined_unheard = joined_unheard
        self.sent_before = False
        """Whether Redis may have been asked before, and its answer been lost: it may have it, whatever it says now."""
        self.deadline = math.inf
        """When it is given up (trio's clock): counted from when it is posted first."""
        self._taken: Reply = None
        _, unique, reducer, payload, priority, background, _ = order
        if len(payload) > BESIDE_BYTES:
            self._beside: HandingIn | None = HandingIn(link, function, payload)
            self._record = pack_record(unique, reducer, b"", priority, background, beside=True)
        else:
            self._beside = None
            self._record = pack_record(unique, reducer, payload, priority, background)
        self._number_it()

    def _number_it(self) -> None:
        self.incarnation: Incarnation = self._link.incarnation
        """The name under which it was numbered."""
        self._number = self._function.next_number(self._order.unique)
        self._id = job_id(self.incarnation, self._number)
        if self._beside is not None:
            self._claiming.kept.put(self._function, self._id, self._beside.payload)

    def post(self) -> None:
        """Send it; it is repeated after every reconnect until its deadline."""
        length = len(self._record)
        if self._beside is not None:
            length += len(self._beside.payload)
        self._link.gathering.submit(self._function, self, self._order.unique, length)

    @property
    def tag(self) -> bytes:
        """Its function's."""
        return self._function.tag

    @property
    def replicas(self) -> int:
        """How many replicas must have it before anybody hears so. Who waits for its end would hear of a loss, too."""
        return self._function.replicas if self._order.background else 0

    def parts(self) -> tuple[bytes | int, ...]:
        """As enqueue.lua is told."""
        order = self._order
        run_at = b"" if order.run_at is None else order.run_at
        return (self._number, self._id, self._record, run_at, b"" if order.background else b"1", self._handoff)

    def settle(self, reply: Reply) -> None:
        """Redis has answered, or will not."""
        if reply == QUEUED and self.incarnation == self._link.incarnation and not self.replicas:
            self._end(Submitted.QUEUED, self._id, None)  # as nearly all do
        elif reply in REFUSALS:
            self._link.refused(reply, self.incarnation)
            if self.incarnation != self._link.incarnation:
                self._claiming.kept.take(self._function, self._id)
                self._number_it()
            self.post()
        elif reply == UNMET:
            self.post()
        elif reply == BARE:
            self._is_bare()
        elif isinstance(reply, StoreError):
            if self._beside is not None and isinstance(reply, StoreRefusedError):
                self._beside.discard(self._id)
            self._fail(reply)
        elif self.replicas and reply != FULL:
            self._taken = reply
            self._link.holding.hold(self)
        else:
            self._accept(reply)

    def hands_in(self) -> bool:
        """Post what goes beside the record, if anything does. False when it was refused at once, and all is said."""
        if self._beside is None or self.incarnation != self._link.incarnation:
            return True  # as who we were, we only ask
        error = self._beside.post(self._id, self.deadline)
        if error is not None:
            self._end(error, self._id, None)
        return error is None

    def _is_bare(self) -> None:
        """Redis has not got what goes beside the record."""
        assert self._beside is not None
        error = self._beside.failed()
        if error is None:
            self.post()
        else:
            self._end(error, self._id, None)

    def _accept(self, reply: Reply) -> None:
        outcome, job, handed = _read(reply, self._id)
        if handed is not None or outcome is Submitted.FULL:
            self._function.may_be_full = outcome is Submitted.FULL or expect_list(reply)[0] == LIMITED
        if self.incarnation == self._link.incarnation:
            self._end(outcome, job, handed)
        else:
            self._stored_as_who_we_were(outcome, job)

    def confirmed(self) -> None:
        """As many replicas have it as must."""
        self._accept(self._taken)

    def unconfirmed(self, error: StoreError) -> None:
        """Too few replicas have it."""
        self._end(error, self._id, None)

    def _fail(self, error: StoreError) -> None:
        """Redis did not take it, or not as far as we know."""
        if self.sent_before and isinstance(error, StoreRefusedError):
            error = StoreUnavailableError("Redis may have it, and does not say so", sent=True, because=error)
        self._end(error, self._id, None)
        if isinstance(error, StoreUnavailableError) and error.sent and self._joined_unheard and self._order.unique:
            self._look_what_it_joined(self._joined_unheard)

    def _look_what_it_joined(self, joined: Callable[[JobId], None]) -> None:
        """Say to which job with its unique we listen, if to another than it stored itself.

        Asked behind the submit, or on a later connection, where what an earlier one still delivers is refused.
        """

        def told(reply: Reply) -> None:
            if not isinstance(reply, list) or bytes(self._link.incarnation) not in expect_bytes(reply[-1]):
                return
            if reply[HOLDER_ID] != self._id:
                joined(JobId(expect_bytes(reply[HOLDER_ID])))

        unique = self._order.unique
        self._link.owe(self._function, lambda: HOLDER.call(self._function.tag, unique), told)

    def command(self) -> Command:
        """To ask for it alone, once more."""
        return _command(self._link, self._function, self.incarnation, [self])

    def repeated(self, reply: Reply) -> None:
        """The reply to that."""
        self.settle(reply[0] if isinstance(reply, list) else reply)

    def _stored_as_who_we_were(self, outcome: Submitted, job: JobId) -> None:
        """It was stored before we were taken for lost: what it handed out goes back by itself, its listener stays."""
        if self._order.background or outcome in (Submitted.FULL, Submitted.GONE):
            self._end(outcome, job, None)
            return

        def told(reply: Reply) -> None:
            gone = expect_list(reply)[1:]
            self._end(Submitted.GONE if gone else outcome, job, None)

        self._link.owe(self._function, lambda: self._link.call(ATTEND, self._function, job), told)

    def _end(self, outcome: Submitted | StoreError, job: JobId, handed: list[Reply] | None) -> None:
        if self.incarnation == self._link.incarnation:
            self._function.answered(self._number)
        if self._beside is not None and (job != self._id or outcome not in (Submitted.QUEUED, Submitted.JOINED)):
            self._claiming.kept.take(self._function, self._id)
        self._answer(outcome, job)
        if self._handed is None:
            return
        self._claiming.leave_room()
        if handed is None:
            self._handed(None)
        else:
            assert isinstance(self._handoff, int)
            self._claiming.deliver(self._function, handed, self._handoff, self._deliver)

    def _deliver(self, job: ClaimedJob | StoreError | None) -> None:
        assert self._handed is not None
        self._handed(job if isinstance(job, ClaimedJob) else None)

    def too_late(self, reply: Reply) -> None:
        """Redis has answered after it was given up."""
        if isinstance(reply, list) and reply[0] != JOINED:
            assert isinstance(self._handoff, int)
            self._claiming.came_too_late(self._function, reply[1:], self._handoff)


def post_submits(link: Link, function: Function, submits: list[Submit]) -> None:
    """Submits that were gathered, in the order in which they were numbered; by the name under which they were."""
    by_incarnation: dict[Incarnation, list[Submit]] = {}
    alike: list[Submit] = []
    incarnation: Incarnation | None = None
    deadline = link.deadline()
    for submit in submits:
        if submit.deadline > deadline:
            submit.deadline = deadline
        if submit.incarnation != incarnation:
            incarnation = submit.incarnation
            alike = by_incarnation.setdefault(incarnation, [])
        alike.append(submit)
    link.settle(function)
    for incarnation, alike in by_incarnation.items():
        _post(link, function, incarnation, alike)


def _command(link: Link, function: Function, incarnation: Incarnation, submits: list[Submit]) -> Command:
    room = min(submit.room for submit in submits)
    generation = link.generation if incarnation == link.incarnation else 0
    parts: list[bytes | int] = []
    for submit in submits:
        parts += submit.parts()
    return ENQUEUE.call(function.tag, incarnation, generation, function.floor, room, *parts)


def _post(link: Link, function: Function, incarnation: Incarnation, submits: list[Submit]) -> None:
    submits = [submit for submit in submits if submit.hands_in()]
    if not submits:
        return

    pipe = link.pipe_of(function)

    def build() -> Command:
        return _command(link, function, incarnation, submits)

    def settled(reply: Reply) -> None:
        each = reply if isinstance(reply, list) else [reply] * len(submits)
        if UNMET in each:
            introduce(link, function)  # once, so that those who come again behind it come together
        for submit, answer in zip(submits, each, strict=True):
            submit.settle(answer)

    def too_late(reply: Reply) -> None:
        if isinstance(reply, list):
            for submit, answer in zip(submits, reply, strict=True):
                submit.too_late(answer)

    deadline = min(submit.deadline for submit in submits)
    again = _again(build, submits, sent_before=pipe.reaches(function.tag))
    pipe.post(build(), settled, again=again, deadline=deadline, late=too_late)
    replicas = max(submit.replicas for submit in submits) if function.replicas else 0
    if replicas:
        link.holding.expect(function.tag, replicas)


def _again(build: Callable[[], Command], submits: list[Submit], *, sent_before: bool) -> Callable[[], Command]:
    """Builds the command for a later connection; what waits for the first one is built for that."""

    def again() -> Command:
        nonlocal sent_before
        for submit in submits:
            submit.sent_before |= sent_before
        sent_before = True
        return build()

    return again


def _read(reply: Reply, own: JobId) -> tuple[Submitted, JobId, list[Reply] | None]:
    """What an answer says: the outcome, the job, and one that was handed out."""
    if not isinstance(reply, list):
        return _WORDS[expect_bytes(reply)], own, None
    if reply[0] == JOINED:
        return Submitted.JOINED, JobId(expect_bytes(reply[1])), None
    return Submitted.QUEUED, own, reply[1:]
