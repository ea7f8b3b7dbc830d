"""The sockets to listen on: which addresses a name stands for, and who else may have the port.

Bound first and listened on later: that a port is taken is known before anything else starts, and nobody is let in
before there is somebody to serve him.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import trio

from broker.settings import Settings
from persistence.threads import threads_wanted

EVERYWHERE: Final = "*"
"""What stands for all IPv4 and IPv6 addresses of the machine."""
_WANTED: Final[dict[str, int]] = {"type": socket.SOCK_STREAM, "flags": socket.AI_PASSIVE | socket.AI_NUMERICSERV}

Endpoint = tuple[int, tuple[Any, ...]]
"""A family of addresses, and an address of it."""


async def resolve(settings: Settings) -> list[Endpoint]:
    """Where the settings say to listen. Raises OSError for a name that means nothing."""
    endpoints: list[Endpoint] = []
    for name in settings.listen:
        if name == EVERYWHERE:
            endpoints += _everywhere(settings.port)
        else:
            with _naming(name), threads_wanted():
                found = await trio.socket.getaddrinfo(name, settings.port, **_WANTED)
            endpoints += [(entry[0], entry[4]) for entry in found]
    return endpoints


def resolve_and_wait(settings: Settings) -> list[Endpoint]:
    """The same where there is no trio, by a call that blocks."""
    endpoints: list[Endpoint] = []
    for name in settings.listen:
        if name == EVERYWHERE:
            endpoints += _everywhere(settings.port)
        else:
            with _naming(name):
                found = socket.getaddrinfo(name, settings.port, **_WANTED)
            endpoints += [(entry[0], entry[4]) for entry in found]
    return endpoints


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except socket.gaierror as error:
        raise OSError(error.errno, f"cannot listen on {name!r}: {error.strerror}") from error


def _everywhere(port: int) -> list[Endpoint]:
    everywhere: list[Endpoint] = [(int(socket.AF_INET), ("0.0.0.0", port)), (int(socket.AF_INET6), ("::", port))]
    return everywhere if _has_ipv6() else everywhere[:1]


def _has_ipv6() -> bool:
    """Whether there is IPv6 to listen on: it may be built out or turned off, and few who say `*` mean to care."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def bind(endpoints: Sequence[Endpoint], *, shared: bool) -> list[socket.socket]:
    """A socket for each of these, bound; `listen` lets peers in. Port 0 is one free port for all of them.

    With `shared`, other sockets of this user may be bound there, if they are bound so too.

    Raises OSError, naming the address; then none is open.
    """
    sockets: list[socket.socket] = []
    port = 0
    try:
        for family, (host, wanted, *more) in endpoints:
            sock = _bound(family, (host, wanted or port, *more), shared=shared)
            sockets.append(sock)
            port = sock.getsockname()[1]
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _bound(family: int, address: tuple[Any, ...], *, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise _refused(address, error) from error
    return sock


def listen(sockets: Sequence[socket.socket], backlog: int) -> None:
    """Let peers in. Raises OSError, naming the address, when somebody else was faster."""
    for sock in sockets:
        try:
            sock.listen(backlog)
        except OSError as error:
            raise _refused(sock.getsockname(), error) from error


def _refused(address: tuple[Any, ...], error: OSError) -> OSError:
    return OSError(error.errno, f"cannot listen on {address[0]} port {address[1]}: {error.strerror}")


@contextmanager
def reserved(settings: Settings) -> Iterator[Settings]:
    """Keep the port for processes of our own during the block, and let nobody in.

    Yields the settings by which each of them binds: with addresses for names, and the port that was chosen.

    Raises OSError as `bind` does, also when the port belongs to processes of another command: shared by name, it would
    be shared with them.
    """
    endpoints = resolve_and_wait(settings)
    for sock in bind(endpoints, shared=False):
        endpoints = [
            (family, (host, port or sock.getsockname()[1], *more)) for family, (host, port, *more) in endpoints
        ]
        sock.close()
    sockets = bind(endpoints, shared=True)
    try:
        names = tuple(sock.getsockname()[0] for sock in sockets)
        yield settings.model_copy(update={"listen": names, "port": sockets[0].getsockname()[1]})
    finally:
        for sock in sockets:
            sock.close()
