"""GRAB_JOB, _UNIQ and _ALL: a worker asks for work."""

import math
from typing import TypeAlias

import trio

from broker.core import Broker
from broker.roster import BEST, Choice, Line
from broker.runs import Run
from broker.session import Session, State
from broker.waking import can_be_asked, falls_asleep, give_back, wake_for
from persistence import ClaimedJob
from protocol import GrabJob, GrabJobAll, GrabJobUniq, JobAssign, JobAssignAll, JobAssignUniq, NoJob, PreSleep

Grab: TypeAlias = GrabJob | GrabJobUniq | GrabJobAll

NO_JOB = NoJob()
RETRY_SECONDS = 1.0
"""How long after a claim that Redis refused the queue is taken for empty: asking at once would only go in circles."""


def on_grab(broker: Broker, session: Session, packet: Grab) -> None:
    """Answer with a job reserved for this broker, with one that Redis hands out, or with NO_JOB."""
    broker.roster.rouse(session, State.AWAKE)
    choice = broker.roster.choose(session) if can_be_asked(broker) else None
    if choice is None:
        session.say(NO_JOB)
        return
    line = choice.line
    if line.reserved and line.reserved[0].job.priority <= BEST[line.bits]:
        assign(broker, session, packet, line, line.reserved.popleft().job)
        return
    ask(broker, session, packet, choice)


def ask(broker: Broker, session: Session, packet: Grab, choice: Choice) -> None:
    """Claim from the store. What else this worker sent waits, for it may depend on the answer."""
    session.hold()
    line = choice.line

    def answered(job: ClaimedJob | None, empty: int, left: int) -> None:
        line.bits &= ~empty
        session.release()
        if job is not None:
            if session.closing:
                give_back(broker, line, [(job.id, job.attempt)])
            else:
                assign(broker, session, packet, line, job)
        elif empty or left:
            on_grab(broker, session, packet)
        else:
            look_again_later(broker, line)
            session.say(NO_JOB)
        if left:
            wake_for(broker, line)
        session.go_on()

    broker.store.claiming.claim(line.function, choice.lowest, answered)


def look_again_later(broker: Broker, line: Line) -> None:
    """Redis refused a claim: take the queue for empty for a while, then look again."""
    bits, line.bits = line.bits, 0

    async def look_again() -> None:
        await trio.sleep(RETRY_SECONDS)
        line.bits |= bits
        wake_for(broker, line)
        broker.flusher.flush()

    broker.start_soon(look_again)


def assign(broker: Broker, session: Session, packet: Grab, line: Line, job: ClaimedJob) -> None:
    """Hand a job to a worker. From here on the run is this connection's, and its time runs."""
    seconds = session.limits.get(job.function, math.inf)
    own = broker.store.link.incarnation
    run = Run(
        job,
        line.function,
        session,
        until=trio.current_time() + seconds if seconds < math.inf else math.inf,
        elsewhere=bool(job.listeners) and job.listeners != own,
    )
    broker.runs.begin(run)
    if seconds < math.inf:
        broker.limits_changed.set()
    broker.roster.has_served(session, line)
    session.say(_assignment(packet, job))


def _assignment(packet: Grab, job: ClaimedJob) -> JobAssign | JobAssignUniq | JobAssignAll:
    if isinstance(packet, GrabJob):
        return JobAssign(job.handle, job.function, job.payload)
    unique = job.unique.partition(b"\0")[0]
    if job.reducer and isinstance(packet, GrabJobAll):
        return JobAssignAll(job.handle, job.function, unique, job.reducer, job.payload)
    return JobAssignUniq(job.handle, job.function, unique, job.payload)


def on_pre_sleep(broker: Broker, session: Session, packet: PreSleep) -> None:
    """The worker sleeps until a NOOP, which it gets at once if work may wait."""
    falls_asleep(broker, session)
