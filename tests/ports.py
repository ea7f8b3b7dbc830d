"""Ports for servers of the tests, which stay theirs over a kill and a restart."""

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["NoPortError", "private_port"]

PRIVATE_PORTS: Final = range(20_000, 32_000)
"""Below those that Linux hands out to clients: a killed server finds its port free when it starts again."""

_given: set[int] = set()


class NoPortError(Exception):
    """Nothing is free; a port that was given once in this run is not given again."""


def private_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that was given to nobody else, started or not.

    Nor by another run on this machine: of two servers that start on one port at a time, the test of the one that
    comes too late would be about the other, and fail when that goes.
    """
    for port in random.sample(PRIVATE_PORTS, 1000):
        if port not in _given and _is_claimed(port) and _is_free(port):
            _given.add(port)
            return port
    raise NoPortError("a thousand ports tried, none free")


def _is_claimed(port: int) -> bool:
    """Make it this run's until that ends; False: it is another's."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _claims() -> int:
    """A file with a byte for each port, which whoever has the port has locked; one descriptor for all of them."""
    path = Path(tempfile.gettempdir()) / f"trio-gearman-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True
