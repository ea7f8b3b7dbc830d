"""Where connections come from: sockets are bound before anything else starts, and each connection is a session."""

import errno
import logging
import math
import socket
from typing import Final

import trio

from broker.abilities import forget_abilities
from broker.core import Broker
from broker.dispatch import dispatch
from broker.session import Session, State
from broker.settings import Settings
from broker.transport import SocketTransport, Transport
from broker.waking import pass_on
from broker.working import lose
from persistence import Function, JobId, Manner
from protocol import Event

log = logging.getLogger(__name__)

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
PAUSE_SECONDS: Final = 0.1
"""How long nothing is accepted when the system has no room for another connection."""


async def bind(settings: Settings) -> list[socket.socket]:
    """Listening sockets for every address in the settings. Raises OSError, naming the address; then none is open."""
    sockets: list[socket.socket] = []
    port = settings.port
    try:
        for name in settings.listen:
            for family, address in await _resolve(name, port):
                sock = _listener(family, address, settings)
                sockets.append(sock)
                port = port or sock.getsockname()[1]  # one free port for all addresses
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


async def _resolve(name: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    try:
        found = await trio.socket.getaddrinfo(
            name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except socket.gaierror as error:
        raise OSError(error.errno, f"cannot listen on {name!r}: {error.strerror}") from error
    return [(entry[0], entry[4]) for entry in found]  # type: ignore[misc]


def _listener(family: int, address: tuple[str, int], settings: Settings) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(address)
        sock.listen(settings.backlog)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"cannot listen on {address[0]} port {address[1]}: {error.strerror}") from error
    return sock


async def accept(broker: Broker, nursery: trio.Nursery, listener: socket.socket) -> None:
    """Accept connections for ever. Running out of descriptors pauses it; nothing but cancellation ends it."""
    while True:
        await trio.lowlevel.wait_readable(listener)
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            continue
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            log.error("no room for another connection: %s. Raise --file-descriptors", error.strerror)
            await trio.sleep(PAUSE_SECONDS)
            continue
        if len(broker.sessions) >= (broker.settings.max_connections or math.inf):
            log.warning("a connection from %s was refused: there are --max-connections already", address[0])
            sock.close()
            continue
        prepare(sock, broker.settings)
        nursery.start_soon(attend, broker, SocketTransport(sock, address[0]))


def prepare(sock: socket.socket, settings: Settings) -> None:
    """Answers must not wait for more to send, and a dead peer must be noticed one day."""
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


async def attend(broker: Broker, transport: Transport) -> None:
    """Serve one connection from its first byte to what its end leads to. Cancelled, it ends as if it had hung up."""
    settings = broker.settings

    def handle(session: Session, event: Event) -> None:
        dispatch(broker, session, event)

    session = Session(
        transport,
        handle=handle,
        flusher=broker.flusher,
        max_packet=settings.max_packet,
        outbox_limit=settings.outbox_limit,
        exceptions=settings.exceptions,
    )
    broker.sessions[session] = None
    try:
        await session.run()
    except Exception:  # noqa: BLE001  (the fault barrier: what breaks one connection must not end the others)
        log.exception("a defect ended the connection of %s", session.name)
    finally:
        part(broker, session)


def part(broker: Broker, session: Session) -> None:
    """A connection is over: its runs go back, its wake is passed on, nobody waits on it any more."""
    session.closing = True
    del broker.sessions[session]
    woken = session.state in (State.WOKEN, State.PROMISED)
    broker.roster.rouse(session, State.AWAKE)
    if woken:
        pass_on(broker, session)
    forget_abilities(broker, session)
    lose(broker, list(session.runs.values()), Manner.HOUSE if broker.leaving else Manner.SUSPECT)
    by_function: dict[bytes, tuple[Function, list[JobId]]] = {}
    for function, job in broker.audience.leave(session):
        by_function.setdefault(function.name, (function, []))[1].append(job)
    for function, jobs in by_function.values():
        broker.store.ending.detach(function, jobs)
    broker.flusher.flush()
