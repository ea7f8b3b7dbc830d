"""From a server's name to a connected stream.

The worker has a module like this one: the two packages share nothing but the wire, and twenty lines are
cheaper than a third package for them to meet in.
"""

import socket
from dataclasses import dataclass

import trio

__all__ = ["DEFAULT_PORT", "ServerAddress", "dial", "parse_address"]

DEFAULT_PORT = 4730  # IANA's for Gearman

KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""A dead peer is found in two minutes; the kernel's own timing takes two hours. Seconds, seconds, probes."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> ServerAddress:
    """Reads ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``; ValueError tells what else is wrong."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"not a server address: {text!r} (an IPv6 address is written [::1]:4730)")
        port = rest[1:] if rest else str(DEFAULT_PORT)
    else:
        host, colon, port = text.partition(":")
        if ":" in port:
            raise ValueError(f"not a server address: {text!r} (an IPv6 address is written [::1]:4730)")
        port = port if colon else str(DEFAULT_PORT)
    if not host:
        raise ValueError(f"not a server address: {text!r} (there is no host)")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"not a server address: {text!r} (a port is a number from 1 to 65535)")
    return ServerAddress(host, int(port))


async def dial(address: ServerAddress) -> trio.SocketStream:
    """Connects; OSError if nobody listens. Cancelled: no socket is left."""
    stream = await trio.open_tcp_stream(address.host, address.port)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # not every system has all three
            stream.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return stream
