"""What must happen without being asked: time limits, reservations nobody took, lines nobody needs, missed wakes."""

import logging
from typing import Final

import trio

from broker.core import Broker
from broker.roster import NOTHING
from broker.session import State
from broker.waking import can_be_asked, give_back_reservations, wake_for
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
            log.warning("%s took too long over %s", run.session.name, run.job.handle.decode("ascii", "replace"))
        lose(broker, late, Manner.SUSPECT)
        broker.flusher.flush()


async def watch_reservations(broker: Broker) -> None:
    """Return jobs that were reserved for workers here and not taken in time. Endless."""
    while True:
        await trio.sleep(broker.settings.reservation_seconds / 4)
        now = trio.current_time()
        for line in broker.roster.lines.values():
            if line.reserved and line.reserved[0].until <= now:
                give_back_reservations(broker, line)


async def sweep(broker: Broker) -> None:
    """Stop hearing functions that nobody here needs, and look for work that lies beside a sleeper. Endless."""
    beside: set[bytes] = set()
    while True:
        await trio.sleep(SWEEP_SECONDS)
        for name, line in tuple(broker.roster.lines.items()):
            if line.is_idle and not broker.audience.awaited(line.function):
                broker.store.mind_no_more(line.function)
                del broker.roster.lines[name]
        beside = _wake_the_forgotten(broker, beside)
        broker.flusher.flush()


def _wake_the_forgotten(broker: Broker, before: set[bytes]) -> set[bytes]:
    """Work and a sleeper that were both there at the last look too, and nobody on the way, are a defect."""
    if not can_be_asked(broker):
        return set()
    on_the_way = {line.function.name for session in broker.sessions if session.state is not State.ASLEEP
                  for line in session.order if session.state in (State.WOKEN, State.PROMISED)}  # fmt: skip
    beside = {
        name
        for name, line in broker.roster.lines.items()
        if line.sleepers and line.promises != NOTHING and name not in on_the_way
    }
    for name in beside & before:
        log.error("work for %r lay beside a sleeping worker: a defect; waking it", name.decode("utf-8", "replace"))
        wake_for(broker, broker.roster.lines[name])
    return beside
