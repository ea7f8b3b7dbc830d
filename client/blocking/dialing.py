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
        connected = socket.create_connection((address.host, address.port), deadline.left())
    except UnicodeError as error:  # a part of the name is empty or too long, before anybody is asked for it
        raise OSError(f"no name of a host: {error}") from error
    try:
        keep_alive(connected)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request leaves at once
        return connected if tls is None else _wrapped(connected, address, tls, deadline)
    except BaseException:
        connected.close()
        raise


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
