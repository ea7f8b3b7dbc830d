"""From a server's address to a connected socket, with or without TLS."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from client.blocking.deadline import Deadline
from peer import ServerAddress
from peer.keepalive import keep_alive

__all__ = ["Way", "way_to"]


@dataclass(frozen=True, slots=True)
class Way:
    """One server: what errors call it, and how one gets there."""

    server: str
    dial: Callable[[Deadline], socket.socket]


def way_to(address: ServerAddress, tls: ssl.SSLContext | None) -> Way:
    """The way to a server; its host is also the name that its certificate must bear."""
    return Way(str(address), partial(_dial, address, tls))


def _dial(address: ServerAddress, tls: ssl.SSLContext | None, deadline: Deadline) -> socket.socket:
    """Connects; OSError (a TimeoutError too) if that cannot be done, and then no socket is left."""
    try:
        connected = _connected(address, deadline)
    except UnicodeError as error:  # a part of the name is empty or too long, before anybody is asked for it
        raise OSError(f"no name of a host: {error}") from error
    try:
        keep_alive(connected)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request leaves at once
        return connected if tls is None else _wrapped(connected, address, tls, deadline)
    except BaseException:
        connected.close()
        raise


def _connected(address: ServerAddress, deadline: Deadline) -> socket.socket:
    """To the first of the name's addresses that answers.

    Each has its share of the time that is left, so that one which leads nowhere leaves some for the next: to a host
    with IPv4 and IPv6 there is often but one way.
    """
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    for untried, (*_, where) in zip(range(len(found), 0, -1), found, strict=True):
        left = deadline.left()
        try:
            return socket.create_connection((str(where[0]), int(where[1])), None if left is None else left / untried)
        except OSError:
            if untried == 1:
                raise
    raise OSError(f"{address.host} has no address")


def _wrapped(
    connected: socket.socket, address: ServerAddress, tls: ssl.SSLContext, deadline: Deadline
) -> socket.socket:
    connected.settimeout(deadline.left())
    try:
        return tls.wrap_socket(connected, server_hostname=address.host)
    except TimeoutError:
        raise
    except OSError as error:
        raise OSError(f"no TLS with {address}: {error}") from error
