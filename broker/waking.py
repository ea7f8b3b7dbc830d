"""Waking workers: one sleeper for each job, and no job left while one sleeps.

Every claim that leaves work behind wakes the next sleeper, and a worker that was woken and goes away, goes back to
sleep, forgets the function, takes a job of another or just dawdles, passes the wake on. So as long as a queue holds
work, either somebody here is on the way to it, or nobody here who could do it sleeps.
"""

import trio

from broker.core import Broker
from broker.line import NOTHING, Line
from broker.session import Session, State
from persistence import ClaimedJob
from protocol import Noop

NOOP = Noop()


def wake(broker: Broker, session: Session) -> None:
    """Tell a sleeper that there may be work."""
    broker.roster.rouse(session, State.WOKEN)
    session.say(NOOP)


def call(broker: Broker, session: Session, line: Line) -> None:
    """Wake a sleeper for a job that is expected: what it asks comes while Redis stores that."""
    wake(broker, session)
    line.called[session] = None


def wake_for(broker: Broker, line: Line, *, woken: int = 0) -> None:
    """Wake as many sleepers as the operator wants for a job, less those who are `woken` already."""
    if broker.leaving:
        return
    wanted = (broker.settings.worker_wakeup or len(line.sleepers) + woken) - woken
    while wanted > 0 and (sleeper := broker.roster.sleeper(line)) is not None:
        wake(broker, sleeper)
        wanted -= 1


def pass_on(broker: Broker, session: Session, *, but: Line | None = None) -> None:
    """A worker that was woken did not look after these of its functions: somebody else should."""
    if can_be_asked(broker):
        for line in session.order:
            if line is not but and line.promises != NOTHING:
                wake_for(broker, line)


def can_be_asked(broker: Broker) -> bool:
    """Whether a grab would be worth a worker's trouble."""
    return broker.store.connected and not broker.leaving


def falls_asleep(broker: Broker, session: Session) -> None:
    """PRE_SLEEP: mark first, then look, so that a job that comes in between is not missed."""
    was_woken = session.state is State.WOKEN
    broker.roster.fall_asleep(session)
    if not can_be_asked(broker):
        return
    if was_woken:
        pass_on(broker, session)
    if session.state is not State.ASLEEP:
        return
    if any(line.promises != NOTHING for line in session.order):
        wake(broker, session)
        return
    # Not for what is expected of a node that is away: it would be told that there is no job, and sleep again.
    lines = (line for line in session.order if line.expects_somebody and broker.store.reaches(line.function))
    if line := next(lines, None):
        call(broker, session, line)


def reserve(broker: Broker, line: Line, session: Session, job: ClaimedJob) -> None:
    """A submit came back with a job for that sleeper. It is the broker's; the first who may have it takes it."""
    if line.waiting:
        line.answer_one(job)
        nothing_came(broker, session)
        wake_for(broker, line, woken=1)
        return
    if broker.leaving or not line.workers:
        broker.store.claiming.let_go(line.function, job)
        nothing_came(broker, session)
        return
    line.reserve(job, trio.current_time() + broker.settings.reservation_seconds)
    promised = session.state is State.PROMISED and session in line.workers
    if promised:
        wake(broker, session)
    elif line.called:
        del line.called[next(iter(line.called))]  # it comes for this one
        promised = True
    wake_for(broker, line, woken=int(promised))
    nothing_came(broker, session)  # to one that was promised it, and has forgotten the function meanwhile


def nothing_came(broker: Broker, session: Session) -> None:
    """A submit came back without the job that a sleeper was promised: it sleeps on, unless work came meanwhile.

    What is reserved for those who are on their way here is not work for this one.
    """
    if session.state is State.PROMISED:
        broker.roster.fall_asleep(session)
        if can_be_asked(broker) and any(map(broker.roster.wants_somebody, session.order)):
            wake(broker, session)


def give_back_reservations(broker: Broker, line: Line) -> None:
    """Return what nobody here took, newest claim first, so that the oldest ends up at the head."""
    reserved = line.empty_reserved()
    if reserved:
        broker.store.claiming.give_back(line.function, [(job.id, job.attempt) for job in reserved])
