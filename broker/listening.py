"""Where connections come from: what is accepted on a socket, and that each connection is a session."""

import logging
import socket
import sys
from typing import Final

import trio

from broker.abilities import forget_abilities
from broker.core import Broker
from broker.fault_barrier import FaultBarrier
from broker.no_room import NO_ROOM, no_room
from broker.places import Places
from broker.session import Bounds, Session, State
from broker.settings import Settings
from broker.tls import HandshakeError, shake_hands
from broker.transport import SocketTransport, Transport
from broker.waking import pass_on
from broker.working import lose
from persistence import Manner
from persistence.own_limits import room_for_a_socket

log = logging.getLogger(__name__)

INHERITS: Final = sys.platform == "linux"
"""Whether an accepted socket has the options that the listening one had when the peer came: five system calls less."""

TOGETHER: Final = 2
"""So many are accepted in a turn: of a crowd that comes at once each waits for fewer turns, and those who are served
already do not wait for all of it. docs/decisions/0036 has the figures."""

PAUSE_SECONDS: Final = 0.1
"""How long nothing is accepted when the system has no room for another connection."""


async def accept(broker: Broker, nursery: trio.Nursery, listener: socket.socket, places: Places) -> None:
    """Accept connections for ever. Running out of descriptors pauses it; nothing but cancellation ends it."""
    door = Door(listener)
    while True:
        # Nobody has a place before somebody comes: one that was kept for this door would be missing at the others.
        await door.wait()
        await places.take()
        for turn in range(TOGETHER):
            if turn and not places.take_now():
                break
            accepted = door.look()
            if accepted is None:
                places.leave()
                break
            nursery.start_soon(attend, broker, *accepted, places)


class Door:
    """Where connections come in: one listening socket."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._has_complained = False
        self._is_stuck = False

    async def wait(self) -> None:
        """Return when somebody waits there; a while later when there was no room for him."""
        while True:
            if self._is_stuck:
                await trio.sleep(PAUSE_SECONDS)
            try:
                await trio.lowlevel.wait_readable(self._listener)
            except OSError as error:  # the system has no room to watch the door itself
                if not self._is_for_want_of_room(error):
                    raise
            else:
                return

    def look(self) -> tuple[socket.socket, str] | None:
        """Who waits there, and his address, if somebody does and there is room for him."""
        try:
            sock, address = self._listener.accept()
        except OSError as error:
            # Whatever else accept says, it says that nobody waits, or of one connection, which ended before it was
            # accepted.
            self._is_stuck = self._is_for_want_of_room(error)
            return None
        self._has_complained = self._is_stuck = False
        return sock, address[0]

    def _is_for_want_of_room(self, error: OSError) -> bool:
        """Whether it is: then a while later there may be some. An operator is told once."""
        if error.errno not in NO_ROOM:
            return False
        if not self._has_complained:
            log.error("no room for another connection: %s; %s", error.strerror, room_for_a_socket(error))
        self._has_complained = self._is_stuck = True
        return True


def prepare(sock: socket.socket, settings: Settings) -> None:
    """Answers must not wait for more to send, and a dead peer must be noticed one day.

    Where the system passes them on (`INHERITS`), a socket about to listen is told for all it will accept.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if settings.keepalive:
        for option, value in (
            (socket.TCP_KEEPIDLE, settings.keepalive_idle),
            (socket.TCP_KEEPINTVL, settings.keepalive_interval),
            (socket.TCP_KEEPCNT, settings.keepalive_count),
        ):
            if value > 0:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


async def attend(broker: Broker, sock: socket.socket, peer: str, places: Places) -> None:
    """Serve one accepted socket, and free its place."""
    try:
        if not INHERITS:
            prepare(sock, broker.settings)
        await attend_to(broker, await _transport(broker, sock, peer))
    except HandshakeError as error:
        log.warning("closed %s: %s", peer, error)
    except (OSError, MemoryError) as error:
        if why := no_room(error):
            log.error("dropped %s: %s", peer, why)
        else:
            log.debug("%s was gone before it was served: %s", peer, error)
    finally:
        sock.close()
        places.leave()


async def _transport(broker: Broker, sock: socket.socket, peer: str) -> Transport:
    if broker.certificates is None:
        return SocketTransport(sock, peer, broker.switchboard)
    return await shake_hands(sock, broker.certificates, peer, broker.switchboard, broker.settings.packet_timeout)


async def attend_to(broker: Broker, transport: Transport) -> None:
    """Serve one connection from its first byte to what its end leads to. Cancelled, it ends as if it had hung up."""
    settings = broker.settings
    session = Session(
        transport,
        handlers=broker.handlers,
        flusher=broker.flusher,
        bounds=Bounds(settings.max_packet, settings.outbox_limit, settings.packet_timeout),
        exceptions=settings.exceptions,
        arrears=broker.store.link.arrears,
    )
    broker.sessions[session] = None
    with FaultBarrier(session):
        await session.run(lambda: part(broker, session))


def part(broker: Broker, session: Session) -> None:
    """A connection is over: its runs go back, its wake is passed on, nobody waits on it any more."""
    del broker.sessions[session]
    woken = session.state in (State.WOKEN, State.PROMISED)
    broker.roster.rouse(session, State.AWAKE)
    if woken:
        pass_on(broker, session)
    forget_abilities(broker, session)
    lose(broker, list(session.runs.values()), Manner.HOUSE if broker.leaving else Manner.SUSPECT)
    broker.departures.see_off(session)
    broker.flusher.flush()
