"""Sockets for tests."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.persistence.readers import Pair


@pytest.fixture
def make_pair() -> Iterator[Callable[[], Pair]]:
    """Makes pairs, the first of each not blocking; they are closed after the test."""
    made: list[socket.socket] = []

    def make() -> Pair:
        near, far = socket.socketpair()
        near.setblocking(False)
        made.extend((near, far))
        return near, far

    yield make
    for sock in made:
        sock.close()
