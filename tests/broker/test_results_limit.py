"""The store stays away, and workers go on: what they say is kept up to a bound, and the rest is left with them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from broker.transport import RECEIVE_BYTES
from protocol import EchoReq, EchoRes, GetStatus, Packet, StatusRes, WorkComplete, WorkData
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import Running, open_running
from tests.broker.test_faults_store import answers_again, is_away, is_back
from tests.persistence.pipes import until
from tests.servers import AOF, RedisServer

LIMIT = 256 * 1024
RESULT = 100_000
JOBS = 100
A_LONG_TIME = 1000.0


@pytest.fixture
def server(make_server: Callable[..., RedisServer]) -> RedisServer:
    server = make_server(*AOF)
    server.start()
    return server


@pytest.fixture
def settings(server: RedisServer, tmp_path: Path) -> Settings:
    return Settings(port=0, redis=server.url, data_dir=tmp_path, results_limit=LIMIT, store_timeout=PATIENCE_SECONDS)


async def is_held_back(one: Running) -> None:
    """Wait until the broker reads no more of what the worker says, though there is more."""
    arrears = one.broker.store.link.arrears
    await until(lambda: arrears.full)
    before = arrears.bytes
    for _ in range(200):
        await trio.lowlevel.checkpoint()
    assert arrears.bytes == before
    # What one read brings may end several results of which a part was there before.
    assert LIMIT <= before < LIMIT + 2 * (RESULT + RECEIVE_BYTES)


async def runs(one: Running, client: Peer, worker: Peer, number: int) -> list[bytes]:
    """So many jobs that run at the worker, by their handles."""
    handles = [await client.submit_background(b"f", b"x") for _ in range(number)]
    for _ in handles:
        await worker.grab()
    await one.settled()
    return handles


async def test_results_are_kept_up_to_a_bound_and_none_is_lost(
    settings: Settings, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_running(settings) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        handles = await runs(one, client, worker, JOBS)
        server.kill()
        await is_away(one)
        async with trio.open_nursery() as nursery:
            ends = [WorkComplete(handle, b"%d" % number * RESULT) for number, handle in enumerate(handles)]
            nursery.start_soon(worker.say, *ends)
            await is_held_back(one)
            assert 0 < len(one.broker.runs.by_handle) < JOBS
            assert await client.ask(EchoReq(b"served")) == EchoRes(b"served")
            await is_back(one, server)
        await one.until(lambda: not one.broker.runs.by_handle)
        await answers_again(one)
        for handle in handles:
            assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
        assert one.broker.store.link.arrears.bytes == 0
    told = [text for record in caplog.records if "results" in (text := record.getMessage())]
    assert [line.partition("results")[2][:12] for line in told] == [" wait for th", " that waited"]


async def test_what_is_said_to_those_who_wait_elsewhere_is_kept_so_too(
    settings: Settings, server: RedisServer, tmp_path: Path
) -> None:
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "other"})
    async with open_running(settings) as one, open_running(elsewhere) as other:
        client, worker = await other.peer(), await one.worker(b"f")
        handle = await client.submit(b"f", b"x")
        await worker.take()
        server.kill()
        await is_away(one)
        async with trio.open_nursery() as nursery:
            said: list[Packet] = [WorkData(handle, b"%02d" % number * (RESULT // 2)) for number in range(JOBS)]
            said.append(WorkComplete(handle, b"end"))
            nursery.start_soon(worker.say, *said)
            await is_held_back(one)
            await is_back(one, server)
            for packet in said:
                assert await client.hear() == packet


async def test_a_refusing_store_is_asked_with_one_command_of_each_function_at_a_time(
    settings: Settings, server: RedisServer
) -> None:
    async with open_running(settings.model_copy(update={"results_limit": 2**28, "presence_ttl": A_LONG_TIME})) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        handles = await runs(one, client, worker, JOBS)
        server.client().execute_command("ACL", "SETUSER", "default", "-evalsha")
        for handle in handles:
            await worker.say(WorkComplete(handle, b"x"))
            assert await worker.ask(EchoReq(b"")) == EchoRes(b"")
        link = one.broker.store.link
        await until(lambda: link.owes >= JOBS - 1)
        before = one.broker.store.pipe.statistics().commands
        waited = trio.current_time()
        await until(lambda: one.broker.store.pipe.statistics().commands > before)
        tries = 1 + (trio.current_time() - waited) / 0.25
        assert one.broker.store.pipe.statistics().commands - before <= 2 * tries
        server.client().execute_command("ACL", "SETUSER", "default", "+evalsha")
        await until(lambda: not link.owes and not link.arrears.bytes)
        for handle in handles:
            assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
