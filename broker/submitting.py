"""SUBMIT_JOB in all its forms: a client hands in a job."""

import logging
from typing import Final

from broker.coalescing import as_submitted, coalescing
from broker.core import Broker
from broker.detaching import detach_soon
from broker.line import Line
from broker.logs import NOTICE
from broker.outgoing import Promise
from broker.session import Session, State
from broker.waking import call, nothing_came, reserve
from persistence import ClaimedJob, Function, JobId, Order, StoreError, StoreUnavailableError, Submitted
from persistence.submitting import Handed
from protocol import (
    Error,
    ErrorCode,
    PacketType,
    Priority,
    Role,
    SubmitJob,
    SubmitJobEpoch,
    SubmitReduceJob,
)
from protocol.encoding import encoder_of_argument

log = logging.getLogger(__name__)

FULL: Final = Error(ErrorCode.QUEUE_ERROR, b"Job queue is full")
_created: Final = encoder_of_argument(PacketType.JOB_CREATED, Role.BROKER)


def on_submit(broker: Broker, session: Session, packet: SubmitJob) -> None:
    """A job for now, somebody waiting for it or not."""
    function, unique, payload = packet.function, packet.unique, packet.payload
    order = Order(function, coalescing(unique, payload), b"", payload, packet.priority, packet.background)
    submit(broker, session, order)


def on_submit_epoch(broker: Broker, session: Session, packet: SubmitJobEpoch) -> None:
    """A background job for later; a time that has passed, or 0, means now."""
    unique = coalescing(packet.unique, packet.payload)
    run_at = packet.run_at or None
    submit(broker, session, Order(packet.function, unique, b"", packet.payload, Priority.NORMAL, True, run_at))


def on_submit_reduce(broker: Broker, session: Session, packet: SubmitReduceJob) -> None:
    """A job whose worker is told where to send its pieces."""
    unique, payload = coalescing(packet.unique, packet.payload), packet.payload
    submit(
        broker,
        session,
        Order(packet.function, unique, packet.reducer, payload, Priority.NORMAL, packet.background),
    )


def submit(broker: Broker, session: Session, order: Order) -> None:
    """Hand a job to the store; the client is answered when that is done."""
    _Submit(broker, session, order).start()


def refuse(broker: Broker, error: StoreError) -> Error:
    """What a client is told whose job the store did not take."""
    broker.refusals.refused(error)
    return Error(ErrorCode.QUEUE_ERROR, f"the store is not available: {error}".encode())


def _note(order: Order) -> None:
    """Write gearmand's line about a job that was accepted, for which people search its log."""
    names = [name.decode("utf-8", "backslashreplace") for name in (order.function, as_submitted(order.unique))]
    log.log(NOTICE, "accepted,%s,%s,%d", *names, order.run_at or 0)


class _Submit:
    """A submit on its way to the store and back."""

    __slots__ = ("_broker", "_expected", "_function", "_line", "_order", "_promise", "_session", "_sleeper")

    def __init__(self, broker: Broker, session: Session, order: Order) -> None:
        self._broker = broker
        self._session = session
        self._order = order
        self._function: Function = broker.store.function(order.function)
        self._promise: Promise = session.promise()
        self._line: Line | None = (
            broker.roster.lines.get(order.function) if order.background else broker.line(order.function)
        )
        self._sleeper: Session | None = None
        self._expected = False

    def start(self) -> None:
        """Send it; if a worker here sleeps, have the function's next job brought back for it in the same trip."""
        line = self._line
        if self._order.run_at is not None:
            self._broker.runs.uniques.note(self._order.unique)
        elif line is not None:
            self._sleeper = _sleeper_for(self._broker, line, self._order.priority)
        if line is not None and self._sleeper is not None:
            self._expect(line, self._sleeper)
        self._post(None if self._sleeper is None else self._handed)

    def _expect(self, line: Line, sleeper: Session) -> None:
        """A job will come back for that sleeper: wake it now, if that is as good as sure (decision 37)."""
        broker, unique = self._broker, self._order.unique
        line.handing += 1
        self._expected = line.brought and not self._function.may_be_full and unique not in broker.runs.uniques
        line.expected += self._expected
        broker.runs.uniques.note(unique)
        if sleeper.state is not State.ASLEEP:
            broker.roster.rouse(sleeper, State.AWAKE)
        elif self._expected:
            call(broker, sleeper, line)
        else:
            broker.roster.rouse(sleeper, State.PROMISED)

    def _post(self, handed: Handed | None) -> None:
        order = self._order
        if order.background:
            self._broker.store.submit(self._function, order, self._answered, handed)
            return
        assert self._line is not None
        self._line.joining += 1
        self._broker.store.submit(self._function, order, self._answered, handed, self._is_for_nobody)

    def _answered(self, outcome: Submitted | StoreError, job: JobId) -> None:
        """The store has it, or says why not."""
        if isinstance(outcome, StoreError):
            self._refused(outcome, job)
        elif outcome is Submitted.FULL:
            self._session.keep(self._promise, FULL)
        else:
            self._stored(outcome, job)
        if not self._order.background:
            assert self._line is not None
            self._line.joining -= 1

    def _refused(self, error: StoreError, job: JobId) -> None:
        broker, session = self._broker, self._session
        session.keep(self._promise, refuse(broker, error))
        if isinstance(error, StoreUnavailableError) and error.sent and not self._order.background:
            # Redis may store it yet, and would keep it for a client that was told that it is not there.
            self._is_for_nobody(job)

    def _is_for_nobody(self, job: JobId) -> None:
        """Who submitted it does not wait for it: we listen no more, unless somebody else here does."""
        broker = self._broker
        if not broker.audience.listeners(broker.store.claiming.handle(self._function, job)):
            detach_soon(broker, self._function, job)

    def _stored(self, outcome: Submitted, job: JobId) -> None:
        broker, session = self._broker, self._session
        broker.refusals.accepted()
        if log.isEnabledFor(NOTICE):
            _note(self._order)
        handle = broker.store.claiming.handle(self._function, job)
        if self._order.background:
            session.keep_bytes(self._promise, _created(handle))
        else:
            self._attend(outcome, job, handle)

    def _attend(self, outcome: Submitted, job: JobId, handle: bytes) -> None:
        broker, session = self._broker, self._session
        if session.closing:
            self._is_for_nobody(job)
        elif broker.detaching[handle]:
            # It joined a job before Redis knew that nobody waits for that any more; it may be gone with it.
            self._post(None)
        else:
            session.keep_bytes(self._promise, _created(handle))
            broker.audience.attach(session, self._function, job, handle)
            if outcome is Submitted.GONE:
                # It was stored, run elsewhere and over before its answer, lost at first, came a second time. How it
                # ended lies in the mailbox, if anywhere; nothing of that is handed on before such answers are there.
                broker.store.mailbox.read(self._function, then_gone=[job])

    def _handed(self, job: ClaimedJob | None) -> None:
        """The job that came back with the answer, for the sleeper who was promised one."""
        line, sleeper = self._line, self._sleeper
        assert line is not None
        assert sleeper is not None
        line.handing -= 1
        line.expected -= self._expected
        if job is not None:
            line.brought = True
            reserve(self._broker, line, sleeper, job)
            return
        if self._expected:
            line.brought = False
        nothing_came(self._broker, sleeper)
        if len(line.waiting) > line.expected:
            line.answer_one(None)


def _sleeper_for(broker: Broker, line: Line, priority: Priority) -> Session | None:
    """A sleeper to whom a job may be handed with the answer to its submit, in the same trip to Redis.

    Or one who is about to sleep: what it is told then is that a job is reserved here. Nobody, where jobs go to replicas
    first: those are handed in on another connection than the claims', which alone can tell after a break what was
    handed out. The notice wakes the sleeper.
    """
    if line.function.replicas or not (line.sleepers or line.drowsy):
        return None
    sleeper = broker.roster.sleeper(line) or broker.roster.drowsy(line)
    if sleeper is None or broker.leaving or not broker.store.reaches(line.function):
        return None
    if not broker.roster.may_hand_off(sleeper, line, priority):
        return None
    return sleeper
