"""A store whose server, or a node of whose cluster, is told to sync no longer while jobs flow."""

import logging
from collections.abc import Iterator

import pytest

from persistence.durability import Durability
from tests.clusters import Cluster
from tests.persistence.log_ear import hearing
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import Standin
from tests.servers import AOF, Engine, RedisServer

SOON = 0.01


@pytest.fixture(params=["one server", "a cluster"])
def syncing(request: pytest.FixtureRequest, engine: Engine) -> Iterator[RedisServer | Cluster]:
    """What runs, and syncs."""
    place = Cluster(engine, primaries=2, settings=AOF) if request.param == "a cluster" else RedisServer(engine, *AOF)
    try:
        place.start()
        yield place
    finally:
        place.clean_up()


async def test_it_tells_of_that_server_and_goes_on(
    syncing: RedisServer | Cluster, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    broker = await start(Standin(syncing, durability=Durability(fsync=True), inspection_seconds=SOON))
    function = b"f"
    node = syncing.owner(broker.store.function(function).tag) if isinstance(syncing, Cluster) else syncing
    with hearing("persistence.inspector") as ear:
        node.client().config_set("appendfsync", "everysec")
        line = await ear.line("jobs that are accepted from now on may be lost: ")
        assert f"and Redis at 127.0.0.1:{node.port} runs with appendfsync everysec: set appendonly yes, " in line
        assert (await broker.submit(function=function)).id
        node.client().config_set("appendfsync", "always")
        await ear.line(f"Redis at 127.0.0.1:{node.port} syncs every job to its disk again")
    told = [record for record in caplog.records if record.name == "persistence.inspector"]
    assert len([record for record in told if record.levelno >= logging.WARNING]) == 2
