"""A server's name that has several addresses, of which the first leads nowhere."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from client.blocking import Client
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess


@pytest.fixture
def black_hole() -> Iterator[tuple[str, int]]:
    """Where a connection is neither made nor refused: the queue of those who wait to be accepted is full."""
    with ExitStack() as held, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        host, port = listener.getsockname()
        yield host, port


@ONE_SERVER
def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    server: ServerProcess, black_hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def two_addresses(host: str, port: int, family: int = 0, type: int = 0) -> list[object]:  # noqa: A002 - as there
        """No name is ours to give a test."""
        hosts = [black_hole, (server.host, server.port)] if host == "jobs.example.org" else [(host, port)]
        return [found for near in hosts for found in resolve(*near, family, type)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with Client("jobs.example.org", connect_timeout_seconds=1) as client:
        client.ping()
