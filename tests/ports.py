"""Ports for servers of the tests, which stay theirs over a kill and a restart."""

import random
import socket
from typing import Final

__all__ = ["NoPortError", "private_port"]

PRIVATE_PORTS: Final = range(20_000, 32_000)
"""Below those that Linux hands out to clients: a killed server finds its port free when it starts again."""

_given: set[int] = set()


class NoPortError(Exception):
    """Nothing is free; a port that was given once in this run is not given again."""


def private_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that this run has given to nobody else, started or not."""
    for port in random.sample(PRIVATE_PORTS, 1000):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise NoPortError("a thousand ports tried, none free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True
