"""What must happen without being asked: time limits, promises nobody kept, lines nobody needs, missed wakes."""

import logging
from typing import Final

import trio

from broker.core import Broker
from broker.line import NOTHING
from broker.waking import can_be_asked, give_back_reservations, pass_on, wake_for
from broker.working import lose
from persistence import Manner

log = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 5.0


async def watch_time_limits(broker: Broker) -> None:
    """Take runs from workers whose time is up. Endless; cancelled, the limits stand and nothing is taken."""
    while True:
        broker.limits_changed = trio.Event()
        with trio.move_on_at(broker.runs.next_limit()):
            await broker.limits_changed.wait()
        late = broker.runs.overdue(trio.current_time())
        for run in late:
            handle = run.job.handle.decode("ascii", "replace")
            log.warning(
                "%s took too long over %s, and it is taken away; if the work needs more time, let the worker register "
                "a longer limit",
                run.session.name,
                handle,
            )
        lose(broker, late, Manner.SUSPECT)
        broker.flusher.flush()


async def watch_promises(broker: Broker) -> None:
    """Return reserved jobs that were not taken, and wake others in place of the woken who have not come. Endless.

    Who waits for a job that is expected is told that there is none once Redis is away.
    If one reserved job was not taken, no worker has asked for that function since: all of them go back, in order.
    """
    patience = broker.settings.reservation_seconds
    while True:
        await trio.sleep(patience / 4)
        now = trio.current_time()
        for line in tuple(broker.roster.lines.values()):
            if line.is_overdue(now):
                give_back_reservations(broker, line)
            # What they wait for may be on its way for as long as Redis is away.
            while line.waiting and not broker.store.reaches(line.function):
                line.answer_one(None)
        for session in broker.roster.dawdlers(now - patience):
            pass_on(broker, session)
        broker.flusher.flush()


async def sweep(broker: Broker) -> None:
    """Stop hearing functions that nobody here needs, and look for work that lies beside a sleeper. Endless."""
    beside: set[bytes] = set()
    while True:
        await trio.sleep(SWEEP_SECONDS)
        for name, line in tuple(broker.roster.lines.items()):
            if line.is_idle and not broker.audience.awaited(line.function):
                broker.store.mind_no_more(line.function)
                del broker.roster.lines[name]
        beside = wake_the_forgotten(broker, beside)
        broker.flusher.flush()


def wake_the_forgotten(broker: Broker, before: set[bytes]) -> set[bytes]:
    """Work and a sleeper that were both there at the last look too, and nobody on the way, are a defect."""
    if not can_be_asked(broker):
        return set()
    on_the_way = {line.function.name for session in broker.roster.woken for line in session.order}
    beside = {
        name
        for name, line in broker.roster.lines.items()
        if line.sleepers and line.promises != NOTHING and not (line.handing or line.claiming) and name not in on_the_way
    }
    for name in beside & before:
        log.error(
            "work for %r lay beside a sleeping worker: a defect, please report it; waking the worker",
            name.decode("utf-8", "replace"),
        )
        wake_for(broker, broker.roster.lines[name])
    return beside
