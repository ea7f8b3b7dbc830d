"""Servers for everybody: a test that asks for one of these runs on Redis and on Valkey."""

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.clusters import Cluster
from tests.hanging import pytest_timeout_set_timer as pytest_timeout_set_timer  # a hook is found by its name
from tests.reports import pytest_runtest_makereport as pytest_runtest_makereport
from tests.servers import Engine, RedisServer, find_engine


def pytest_configure() -> None:
    """Let what the tests start be interrupted.

    Whoever runs them in the background of a script has its shell ignore SIGINT for them, all their children would
    inherit that, and a Ctrl-C that a test sends would go nowhere.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["redis", "valkey"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the two engines in turn."""
    name: str = request.param
    return find_engine(name)


@pytest.fixture
def make_server(engine: Engine) -> Iterator[Callable[..., RedisServer]]:
    """Makes servers of this engine, not started yet; the arguments are `RedisServer`'s."""
    servers: list[RedisServer] = []

    def make(*settings: str, password: str | None = None) -> RedisServer:
        servers.append(RedisServer(engine, *settings, password=password))
        return servers[-1]

    yield make
    for server in servers:
        server.clean_up()


@pytest.fixture
def redis_server(make_server: Callable[..., RedisServer]) -> RedisServer:
    """A running server of this test alone, which keeps its data in memory only."""
    server = make_server()
    server.start()
    return server


@pytest.fixture(scope="session", params=["redis", "valkey"])
def shared_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three primaries; tests leave it whole."""
    cluster = Cluster(find_engine(request.param))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean_up()


@pytest.fixture(scope="module", params=["redis", "valkey"])
def mortal_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three primaries with a replica each, any of which may be killed."""
    cluster = Cluster(find_engine(request.param), replicas=1)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean_up()


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """The same, without data."""
    shared_cluster.flush()
    return shared_cluster
