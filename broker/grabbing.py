"""GRAB_JOB, _UNIQ and _ALL: a worker asks for work."""

import math
from functools import partial
from typing import Final, TypeAlias

import trio

from broker.coalescing import as_submitted
from broker.core import Broker
from broker.line import Line
from broker.runs import Run
from broker.session import Session, State
from broker.waking import can_be_asked, falls_asleep, pass_on, wake_for
from persistence import ClaimedJob, StoreError
from persistence.pieces import LONG_BYTES
from protocol import (
    GrabJob,
    GrabJobAll,
    GrabJobUniq,
    JobAssign,
    JobAssignAll,
    JobAssignUniq,
    NoJob,
    PacketType,
    PreSleep,
    Role,
)
from protocol.encoding import encoder_of_names_and_data

Grab: TypeAlias = GrabJob | GrabJobUniq | GrabJobAll

NO_JOB = NoJob()
_assigned: Final = encoder_of_names_and_data(PacketType.JOB_ASSIGN, Role.BROKER)
_assigned_uniq: Final = encoder_of_names_and_data(PacketType.JOB_ASSIGN_UNIQ, Role.BROKER)
RETRY_SECONDS = 1.0
"""How long after a claim that Redis refused the queue is taken for empty: asking at once would only go in circles."""


def on_grab(broker: Broker, session: Session, packet: Grab) -> None:
    """Answer with a job reserved for this broker, with one that Redis hands out, or with NO_JOB."""
    state = session.state
    if state is not State.AWAKE:
        broker.roster.rouse(session, State.AWAKE)
    _look(broker, session, packet, state is State.WOKEN)


def _look(broker: Broker, session: Session, packet: Grab, was_woken: bool) -> None:
    choice = broker.roster.choose(session) if can_be_asked(broker) else None
    if choice is None:
        if not _waits(broker, session, packet, was_woken):
            session.say(NO_JOB)
            broker.roster.grow_drowsy(session)
        return
    line, lowest = choice
    job = line.take_reserved()
    if job is None:
        _claim(broker, session, packet, line, lowest, was_woken)
    else:
        assign(broker, session, packet, line, job, was_woken)


def _claim(broker: Broker, session: Session, packet: Grab, line: Line, lowest: int, was_woken: bool) -> None:
    """Claim from the store. What else this worker sent waits, for it may depend on the answer."""
    session.hold()
    # Who was woken passes the wake on, where it takes a job of another of its functions.
    looked_after = tuple(session.order) if was_woken else (line,)
    for one in looked_after:
        one.claiming += 1

    def looked(empty: int, left: int) -> None:
        line.bits &= ~empty
        if left and line.sleepers:
            wake_for(broker, line)

    def answered(job: ClaimedJob | StoreError | None) -> None:
        for one in looked_after:
            one.claiming -= 1
        _go_on(broker, session, packet, line, was_woken, job)

    broker.store.claiming.claim(line.function, lowest, looked, answered)


def _waits(broker: Broker, session: Session, packet: Grab, was_woken: bool) -> bool:
    """If a submit on its way is expected to bring a job, wait for that: this worker may have been woken for it."""
    if broker.leaving:
        return False
    for line in session.order:
        if line.expected > len(line.waiting) and broker.store.reaches(line.function):
            session.hold()
            line.waiting[session] = partial(_go_on, broker, session, packet, line, was_woken)
            return True
    return False


def _go_on(
    broker: Broker,
    session: Session,
    packet: Grab,
    line: Line,
    was_woken: bool,
    job: ClaimedJob | StoreError | None,
) -> None:
    """What this worker waited for has come, or has not. What else it sent is handled behind that."""
    session.release()
    if job is None:
        _look(broker, session, packet, was_woken)
    elif isinstance(job, StoreError):
        _look_again_later(broker, line)
        session.say(NO_JOB)
    elif session.closing or broker.leaving:
        # Begun now, it could be cut off in the middle: what is waited for is what ran when we began to leave.
        broker.store.claiming.let_go(line.function, job)
        session.say(NO_JOB)
    else:
        assign(broker, session, packet, line, job, was_woken)
    session.go_on()


def _look_again_later(broker: Broker, line: Line) -> None:
    """Redis did not answer a claim: take the queue for empty for a while, then look again."""
    bits, line.bits = line.bits, 0

    async def look_again() -> None:
        await trio.sleep(RETRY_SECONDS)
        if not broker.store.reaches(line.function):
            return  # it is looked at when it is there again
        line.bits |= bits
        if can_be_asked(broker):
            wake_for(broker, line)
            broker.flusher.flush()

    if bits:
        broker.start_soon(look_again)


def assign(broker: Broker, session: Session, packet: Grab, line: Line, job: ClaimedJob, was_woken: bool) -> None:
    """Hand a job to a worker. From here on the run is this connection's, and its time runs."""
    seconds = session.limits.get(job.function)
    until = math.inf if seconds is None else trio.current_time() + seconds
    run = Run(job, line.function, session, until)
    run.elsewhere = bool(job.listeners) and job.listeners != broker.store.link.incarnation
    if broker.runs.begin(run):
        broker.limits_changed.set()
    if len(session.order) > 1:
        broker.roster.has_served(session, line)
    if job.reducer or len(job.payload) > LONG_BYTES:
        session.say_laden(_assignment(packet, job))
    elif isinstance(packet, GrabJob):  # without a record: it would be made for every job there is
        session.say_bytes(_assigned((job.handle, job.function), job.payload))
    else:
        session.say_bytes(_assigned_uniq((job.handle, job.function, as_submitted(job.unique)), job.payload))
    if was_woken:
        # It may have been woken for one of the others.
        pass_on(broker, session, but=line)


def _assignment(packet: Grab, job: ClaimedJob) -> JobAssign | JobAssignUniq | JobAssignAll:
    if isinstance(packet, GrabJob):
        return JobAssign(job.handle, job.function, job.payload)
    if job.reducer and isinstance(packet, GrabJobAll):
        return JobAssignAll(job.handle, job.function, as_submitted(job.unique), job.reducer, job.payload)
    return JobAssignUniq(job.handle, job.function, as_submitted(job.unique), job.payload)


def on_pre_sleep(broker: Broker, session: Session, packet: PreSleep) -> None:
    """The worker sleeps until a NOOP, which it gets at once if work may wait."""
    falls_asleep(broker, session)
