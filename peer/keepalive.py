"""How soon a dead peer is noticed on a connection on which nothing is said."""

import socket
from typing import Final, Protocol

__all__ = ["keep_alive"]

KEEPALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""A dead peer is found in two minutes; the kernel's own timing takes two hours. Seconds, seconds, probes."""


class HasOptions(Protocol):
    """A socket, or trio's stream over one."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """As sockets have it."""
        ...


def keep_alive(connected: HasOptions) -> None:
    """Has the kernel look after the other end."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # not every system has all three
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
