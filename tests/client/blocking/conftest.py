"""Clients that are closed in the end."""

from collections.abc import Iterator

import pytest

from client.blocking import Client
from tests.processes import ServerProcess


@pytest.fixture
def blocking(server: ServerProcess) -> Iterator[Client]:
    """A client of the server that many tests share."""
    with Client(server.address) as client:
        yield client
