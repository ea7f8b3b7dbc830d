"""The fixtures. pytest imports this file in every run, so it imports nothing else until a test asks."""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from client import Client
    from client.blocking import Client as BlockingClient
    from gearman_testing.broker import TestBroker
    from gearman_testing.hosting import Hosting

__all__ = ["gearman_blocking_client", "gearman_broker", "gearman_client", "gearman_host"]


@pytest.fixture(scope="session")
def gearman_host() -> "Iterator[Hosting]":
    """The process that the brokers of all tests run in; started by the first test that wants one."""
    with import_module("gearman_testing.hosting").Hosting() as hosting:
        yield hosting


@pytest.fixture
def gearman_broker(gearman_host: "Hosting") -> "Iterator[TestBroker]":
    """A real broker with an empty queue, for this test alone: `gearman_broker.address`, and see `TestBroker`."""
    port = cast(int, gearman_host.ask({"do": "open"}))
    yield import_module("gearman_testing.broker").TestBroker(gearman_host.ask, port)
    gearman_host.ask({"do": "close", "port": port})


@pytest.fixture
async def gearman_client(gearman_broker: "TestBroker") -> "AsyncIterator[Client]":
    """A client for trio, connected to the test's broker. For tests that pytest-trio runs."""
    async with import_module("client").open_client(gearman_broker.address) as opened:
        yield opened


@pytest.fixture
def gearman_blocking_client(gearman_broker: "TestBroker") -> "Iterator[BlockingClient]":
    """A client without trio, of the test's broker."""
    with import_module("client.blocking").Client(gearman_broker.address) as opened:
        yield opened
