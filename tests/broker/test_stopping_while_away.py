"""A stop while the store is away: one that gives jobs time to end gives the store time to hear that they have."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio

from broker import app
from broker.settings import Settings
from protocol import EchoReq, EchoRes, WorkComplete
from tests.broker.running import OpenRunning, Running, open_running, unasked
from tests.broker.test_stopping import Stoppable, stoppable
from tests.faults.traces import nothing_is_left, over
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer

PREFIX = "away"


@pytest.fixture
def server(make_server: Callable[..., RedisServer]) -> RedisServer:
    """A store of this test alone, which forgets nothing."""
    server = make_server(*AOF)
    server.start()
    return server


@pytest.fixture
def open_one(server: RedisServer, tmp_path: Path) -> OpenRunning:
    def open_with(**fields: object) -> AbstractAsyncContextManager[Running]:
        given = {"port": 0, "redis": server.url, "redis_prefix": PREFIX, "data_dir": tmp_path}
        return open_running(Settings.model_validate(given | fields))

    return open_with


async def end_a_job_in_vain(broker: Stoppable, server: RedisServer) -> None:
    """A worker has a job and ends it while the store is known to be away."""
    worker = await broker.peer(b"f")
    await worker.submit_background(b"f", b"x")
    handle = (await worker.grab()).handle
    server.kill()
    await unasked(lambda: broker.one.broker.store.away_because is not None)
    await worker.say(WorkComplete(handle, b"end"))
    assert await worker.ask(EchoReq(b"x")) == EchoRes(b"x")


async def test_what_ended_is_written_when_it_is_back(
    open_one: OpenRunning, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LAST_WORDS_SECONDS", 0.0)  # they would wait for the store, too, for a moment
    async with stoppable(open_one, grace=PATIENCE_SECONDS) as broker:
        await end_a_job_in_vain(broker, server)
        await broker.stop()
        await trio.to_thread.run_sync(server.start)
        await broker.stopped()
        nothing_is_left(server.client(), PREFIX, b"f")
        assert over(server.client(), PREFIX, b"f") == 1


async def test_a_stop_at_once_waits_for_no_store_and_the_job_runs_again(
    open_one: OpenRunning, server: RedisServer
) -> None:
    async with stoppable(open_one) as broker:
        await end_a_job_in_vain(broker, server)
        await broker.stop()
        await broker.stopped()
    server.start()
    async with open_one() as next_one:
        assert (await (await next_one.worker(b"f")).take()).payload == b"x"
