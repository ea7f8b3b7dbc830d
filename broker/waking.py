"""Waking workers: one sleeper for each job, and no job left while one sleeps.

Every claim that leaves work behind wakes the next sleeper, and a worker that was woken and goes away, or goes back to
sleep, passes the wake on. So as long as a queue holds work, either somebody here is on the way to it, or nobody here
who could do it sleeps.
"""

import trio

from broker.core import Broker
from broker.roster import NOTHING, Line, Reservation
from broker.session import Session, State
from persistence import ClaimedJob, JobId, Manner
from protocol import Noop

NOOP = Noop()


def wake(broker: Broker, session: Session) -> None:
    """Tell a sleeper that there may be work."""
    broker.roster.rouse(session, State.WOKEN)
    session.say(NOOP)


def wake_for(broker: Broker, line: Line, jobs: int = 1) -> None:
    """Wake as many sleepers as there may be jobs, or as many as the operator wants for each."""
    if broker.leaving:
        return
    wakeup = broker.settings.worker_wakeup
    wanted = jobs * wakeup if wakeup else len(line.sleepers)
    while wanted and (sleeper := broker.roster.sleeper(line)) is not None:
        wake(broker, sleeper)
        wanted -= 1


def pass_on(broker: Broker, session: Session) -> None:
    """A worker that was woken did not grab: somebody else should."""
    for line in session.order:
        if line.promises != NOTHING and can_be_asked(broker):
            wake_for(broker, line)


def can_be_asked(broker: Broker) -> bool:
    """Whether a grab would be worth a worker's trouble."""
    return broker.store.connected and not broker.leaving


def falls_asleep(broker: Broker, session: Session) -> None:
    """PRE_SLEEP: mark first, then look, so that a job that comes in between is not missed."""
    was_woken = session.state is State.WOKEN
    broker.roster.rouse(session, State.AWAKE)
    broker.roster.fall_asleep(session)
    if not can_be_asked(broker):
        return
    if was_woken:
        pass_on(broker, session)
    if session.state is State.ASLEEP and any(line.promises != NOTHING for line in session.order):
        wake(broker, session)


def reserve(broker: Broker, line: Line, session: Session, job: ClaimedJob) -> None:
    """A submit came back with a job for a sleeper here. It is the broker's; the first who may have it takes it."""
    until = trio.current_time() + broker.settings.reservation_seconds
    line.reserved.append(Reservation(job, until))
    if session.state is State.PROMISED:
        session.state = State.WOKEN
        session.say(NOOP)
    else:
        wake_for(broker, line)
    if broker.leaving or not line.workers:
        give_back_reservations(broker, line)


def nothing_came(broker: Broker, session: Session) -> None:
    """A submit came back without the job that a sleeper was promised: it sleeps on, unless work came meanwhile."""
    if session.state is State.PROMISED:
        falls_asleep(broker, session)


def give_back_reservations(broker: Broker, line: Line) -> None:
    """Return what nobody here took, newest claim first, so that the oldest ends up at the head."""
    reserved = sorted((entry.job for entry in line.reserved), key=lambda job: -job.number)
    line.reserved.clear()
    if reserved:
        give_back(broker, line, [(job.id, job.attempt) for job in reserved])


def give_back(broker: Broker, line: Line, runs: list[tuple[JobId, int]]) -> None:
    """Return jobs to the head of their queue; their workers are not to blame."""
    broker.store.ending.requeue(line.function, runs, Manner.HOUSE, -1, lambda words: None)
