"""The fixtures. pytest imports this file in every run, so it imports nothing else until a test asks."""

from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from client import Client
    from client.blocking import Client as BlockingClient
    from gearman_testing.broker import TestBroker
    from gearman_testing.hosting import Hosting

__all__ = ["gearman_blocking_client", "gearman_broker", "gearman_client", "gearman_host"]


@pytest.fixture(scope="session")
def gearman_host() -> "Iterator[Hosting]":
    """What runs the brokers of all tests, started by the first that wants one: `gearman_host.broker()` opens more."""
    with import_module("gearman_testing.hosting").Hosting() as hosting:
        yield hosting


@pytest.fixture
def gearman_broker(gearman_host: "Hosting") -> "Iterator[TestBroker]":
    """A real broker with an empty queue, for this test alone: `gearman_broker.address`, and see `TestBroker`."""
    with gearman_host.broker() as broker:
        yield broker


@pytest.fixture
def _gearman_needs_trio(request: pytest.FixtureRequest) -> None:
    """Else a test would get the bare fixture, or a failure deep in trio or in pytest itself."""
    if not _run_by_trio(request):
        pytest.fail(
            "gearman_client is for async tests that trio runs: install pytest-trio, and set trio_mode = true or mark "
            "the test with @pytest.mark.trio (with anyio, let anyio_backend be trio). For other tests there is "
            "gearman_blocking_client.",
            pytrace=False,
        )


@pytest.fixture
async def gearman_client(_gearman_needs_trio: None, gearman_broker: "TestBroker") -> "AsyncIterator[Client]":
    """A client for trio, connected to the test's broker. For tests that pytest-trio runs."""
    async with import_module("client").open_client(gearman_broker.address) as opened:
        yield opened


@pytest.fixture
def gearman_blocking_client(gearman_broker: "TestBroker") -> "Iterator[BlockingClient]":
    """A client without trio, of the test's broker."""
    with import_module("client.blocking").Client(gearman_broker.address) as opened:
        yield opened


def _run_by_trio(request: pytest.FixtureRequest) -> bool:
    if "anyio_backend" in request.fixturenames and request.config.pluginmanager.hasplugin("anyio"):
        backend = request.getfixturevalue("anyio_backend")
        return (backend if isinstance(backend, str) else backend[0]) == "trio"
    marked = request.node.get_closest_marker("trio") is not None  # also by trio_mode, and then async tests alone
    return marked and request.config.pluginmanager.hasplugin("trio")
