"""A server that was chosen for its fsync, and is told to sync no longer while brokers use it."""

import logging
from collections.abc import AsyncIterator, Callable

import pytest
import trio

from persistence.durability import Durability
from persistence.inspector import Inspector
from persistence.pipe import Pipe
from tests.persistence.log_ear import LogEar, hearing
from tests.persistence.pipes import options_for, running, until
from tests.servers import AOF, RedisServer

SOON = 0.01
WARNING = "jobs that are accepted from now on may be lost: "


@pytest.fixture
def server(make_server: Callable[..., RedisServer]) -> RedisServer:
    """One that syncs."""
    server = make_server(*AOF)
    server.start()
    return server


@pytest.fixture
async def ear(server: RedisServer, nursery: trio.Nursery) -> AsyncIterator[LogEar]:
    """Hears what an inspector of that server logs."""
    with hearing("persistence.inspector") as ear:
        async with running(Pipe(options_for(server), name="test")) as pipe:
            nursery.start_soon(Inspector(pipe, Durability(fsync=True), SOON).run)
            yield ear
            nursery.cancel_scope.cancel()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "persistence.inspector" and record.levelno >= logging.WARNING
    ]


async def until_looked_at(server: RedisServer, times: int) -> None:
    def looks() -> int:
        return int(server.client().info("commandstats")["cmdstat_config|get"]["calls"])

    before = looks()
    await until(lambda: looks() >= before + times)


async def test_it_is_told_once_and_when_it_is_over(
    ear: LogEar, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    client, address = server.client(), f"127.0.0.1:{server.port}"
    for _ in range(2):
        client.config_set("appendfsync", "everysec")
        line = await ear.line("may be lost")
        assert line.startswith(WARNING)
        assert f"and Redis at {address} runs with appendfsync everysec: set appendonly yes, appendfsync always" in line
        await until_looked_at(server, 3)
        client.config_set("appendfsync", "always")
        await ear.line(f"Redis at {address} syncs every job to its disk again")
    assert len(warnings(caplog)) == 4


async def test_an_outage_is_nothing_that_it_tells_of(
    ear: LogEar, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.kill()
    server.start()
    server.client().config_set("appendonly", "no")
    line = await ear.line("may be lost")
    assert "runs with appendonly no" in line
    assert len(warnings(caplog)) == 1
