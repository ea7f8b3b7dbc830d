"""SUBMIT_JOB in all its forms: a client hands in a job."""

import hashlib
import logging
from typing import Final

from broker.core import Broker
from broker.relaying import deliver_early
from broker.outgoing import Promise
from broker.roster import Line
from broker.session import Session, State
from broker.waking import can_be_asked, nothing_came, reserve
from persistence import ClaimedJob, JobId, StoreError, Submitted
from protocol import (
    Error,
    ErrorCode,
    JobCreated,
    Priority,
    SubmitJob,
    SubmitJobEpoch,
    SubmitReduceJob,
    WorkFail,
)

log = logging.getLogger(__name__)

BY_DATA: Final = b"-"
"""The unique with which a client asks that jobs of equal payload be one."""
FULL: Final = Error(ErrorCode.QUEUE_ERROR, b"Job queue is full")


def on_submit(broker: Broker, session: Session, packet: SubmitJob) -> None:
    """A job for now, somebody waiting for it or not."""
    _submit(broker, session, packet.function, packet.unique, b"", packet.payload, packet.priority, packet.background)


def on_submit_epoch(broker: Broker, session: Session, packet: SubmitJobEpoch) -> None:
    """A background job for later; a time that has passed, or 0, means now."""
    _submit(
        broker, session, packet.function, packet.unique, b"", packet.payload, Priority.NORMAL, True, packet.run_at
    )


def on_submit_reduce(broker: Broker, session: Session, packet: SubmitReduceJob) -> None:
    """A job whose worker is told where to send its pieces."""
    _submit(
        broker, session, packet.function, packet.unique, packet.reducer, packet.payload, Priority.NORMAL,
        packet.background,
    )  # fmt: skip


def coalescing(unique: bytes, payload: bytes) -> bytes:
    """What jobs are told apart by. For `-`, the payload: no client can send a NUL in a unique, so none collides."""
    if unique != BY_DATA:
        return unique
    return BY_DATA + b"\0" + hashlib.blake2b(payload, digest_size=32).digest() if payload else b""


def _submit(
    broker: Broker,
    session: Session,
    function: bytes,
    unique: bytes,
    reducer: bytes,
    payload: bytes,
    priority: Priority,
    background: bool,
    run_at: int = 0,
) -> None:
    line = broker.line(function) if not background else broker.roster.lines.get(function)
    sleeper = _sleeper_for(broker, line, priority) if line is not None and run_at <= 0 else None
    promise = session.promise()
    submit = _Submit(broker, session, promise, function, not background)
    if sleeper is not None and line is not None:
        submit.promise_to(line, sleeper)
    broker.store.submit(
        broker.store.function(function),
        unique=coalescing(unique, payload),
        reducer=reducer,
        payload=payload,
        priority=priority,
        background=background,
        run_at=run_at if run_at > 0 else None,
        answer=submit.answered,
        handed=submit.handed if sleeper is not None else None,
    )


def _sleeper_for(broker: Broker, line: Line, priority: Priority) -> Session | None:
    """A sleeper to whom a job may be handed with the answer to its submit, in the same trip to Redis."""
    sleeper = broker.roster.sleeper(line)
    if sleeper is None or not can_be_asked(broker) or not broker.roster.may_hand_off(sleeper, line, priority):
        return None
    return sleeper


class _Submit:
    """A submit whose answer is awaited."""

    __slots__ = ("_broker", "_function", "_line", "_promise", "_session", "_sleeper", "_waits")

    def __init__(self, broker: Broker, session: Session, promise: Promise, function: bytes, waits: bool) -> None:
        self._broker = broker
        self._session = session
        self._promise = promise
        self._function = function
        self._waits = waits
        self._line: Line
        self._sleeper: Session

    def promise_to(self, line: Line, sleeper: Session) -> None:
        """This sleeper is to be woken with the job."""
        self._line, self._sleeper = line, sleeper
        line.handing += 1
        self._broker.roster.rouse(sleeper, State.PROMISED)

    def answered(self, outcome: Submitted | StoreError, job: JobId) -> None:
        """The store has it, or says why not."""
        session, keep = self._session, self._session.keep
        if isinstance(outcome, StoreError):
            log.warning("a submit from %s was refused: %s", session.name, outcome)
            keep(self._promise, Error(ErrorCode.QUEUE_ERROR, f"the store is not available: {outcome}".encode()))
            return
        if outcome is Submitted.FULL:
            keep(self._promise, FULL)
            return
        function = self._broker.store.function(self._function)
        handle = self._broker.store.claiming.handle(function, job)
        keep(self._promise, JobCreated(handle))
        if not self._waits:
            return
        if session.closing:
            self._broker.store.ending.detach(function, [job])
        elif outcome is Submitted.GONE:
            session.say(WorkFail(handle))
        else:
            self._broker.audience.attach(session, function, job, handle)
            deliver_early(self._broker, job)

    def handed(self, job: ClaimedJob | None) -> None:
        """The job that came back with the answer, for the sleeper who was promised one."""
        self._line.handing -= 1
        if job is None:
            nothing_came(self._broker, self._sleeper)
        else:
            reserve(self._broker, self._line, self._sleeper, job)
