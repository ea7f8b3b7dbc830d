"""Brokers for tests: each with keys of its own, on a server that all tests of this package share."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from broker.settings import Settings
from tests.broker.running import OpenRunning, Running, open_running
from tests.certified import certified
from tests.servers import RedisServer, find_engine

prefixes = (f"t{number}" for number in itertools.count())


@pytest.fixture(scope="session", params=["redis", "valkey"])
def shared_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server of each engine, in memory: a test uses it under a prefix of its own, and does it no harm."""
    engine: str = request.param
    server = RedisServer(find_engine(engine))
    server.start()
    yield server
    server.clean_up()


@pytest.fixture(autouse=True)
def nothing_lies_beside_a_sleeper(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The slow sweep that finds work beside a sleeper has found none: whoever was woken was woken by what happened."""
    yield
    said = [record.getMessage() for record in caplog.get_records("call")]
    assert not [line for line in said if "beside a sleeping worker" in line]


@pytest.fixture
def open_one(shared_server: RedisServer, tmp_path: Path) -> OpenRunning:
    """Opens a broker, or several on the same jobs; takes fields of its settings.

    On the one engine it waits as within another program, on the other as `python -m broker` does.
    """
    prefix = next(prefixes)
    like_a_process = shared_server.engine.name == "valkey"

    def open_with(**fields: object) -> AbstractAsyncContextManager[Running]:
        given = {"port": 0, "redis": shared_server.unix_url, "redis_prefix": prefix, "data_dir": tmp_path}
        return open_running(Settings.model_validate(given | fields), like_a_process=like_a_process)

    return open_with


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a certificate and its key, trusted as `tests.certified` says."""
    path = tmp_path / "certificate.pem"
    path.write_bytes(certified().pem)
    return path


@pytest.fixture
async def one(open_one: OpenRunning) -> AsyncIterator[Running]:
    """A broker with default settings."""
    async with open_one() as running:
        yield running
