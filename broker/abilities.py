"""CAN_DO, CAN_DO_TIMEOUT, CANT_DO, RESET_ABILITIES, SET_CLIENT_ID: what a worker says of itself."""

from typing import Final

from broker.core import Broker
from broker.line import NOTHING, Line
from broker.session import Session, State
from broker.waking import can_be_asked, give_back_reservations, wake, wake_for
from broker.working import lose
from persistence import Manner
from protocol import CanDo, CanDoTimeout, CantDo, ResetAbilities, SetClientId

SHORTEST_SECONDS: Final = 1.0
"""gearmand raises shorter time limits to this."""
MAX_CLIENT_ID: Final = 127
"""gearmand keeps as much and cuts the rest."""


def on_can_do(broker: Broker, session: Session, packet: CanDo) -> None:
    """The worker can do this function, without a time limit."""
    session.limits.pop(packet.function, None)
    _enlist(broker, session, packet.function)


def on_can_do_timeout(broker: Broker, session: Session, packet: CanDoTimeout) -> None:
    """The worker can do this function; a run that takes longer is taken from it. The last limit said counts."""
    if packet.timeout_ms > 0:
        session.limits[packet.function] = max(SHORTEST_SECONDS, packet.timeout_ms / 1000)
    else:
        session.limits.pop(packet.function, None)
    _enlist(broker, session, packet.function)


def _enlist(broker: Broker, session: Session, function: bytes) -> None:
    line = broker.line(function)
    session.transport.works()
    broker.roster.enlist(session, line)
    if session.state is State.ASLEEP and line.promises != NOTHING and can_be_asked(broker):
        wake(broker, session)


def on_cant_do(broker: Broker, session: Session, packet: CantDo) -> None:
    """The worker no longer does this function; what it runs of it goes back, as if the worker were gone."""
    line = broker.roster.lines.get(packet.function)
    if line is not None:
        _dismiss(broker, session, line)
    lose(broker, [run for run in session.runs.values() if run.job.function == packet.function], Manner.SUSPECT)


def on_reset(broker: Broker, session: Session, packet: ResetAbilities) -> None:
    """The worker does nothing any more."""
    forget_abilities(broker, session)
    lose(broker, list(session.runs.values()), Manner.SUSPECT)


def forget_abilities(broker: Broker, session: Session) -> None:
    """Take a worker out of every line."""
    for line in tuple(session.order):
        _dismiss(broker, session, line)


def _dismiss(broker: Broker, session: Session, line: Line) -> None:
    broker.roster.dismiss(session, line)
    session.limits.pop(line.function.name, None)
    if not session.order:
        session.transport.works_no_more()
    if not line.workers:
        give_back_reservations(broker, line)
    elif session.state is State.WOKEN and line.promises != NOTHING and can_be_asked(broker):
        wake_for(broker, line)  # perhaps it was on the way to that


def on_set_client_id(broker: Broker, session: Session, packet: SetClientId) -> None:
    """How listings call this connection."""
    session.client_id = packet.client_id[:MAX_CLIENT_ID]
