"""Jobs for a minute of the calendar: SUBMIT_JOB_SCHED. Nobody waits for that minute; time is made to pass in Redis."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trio

from broker.settings import Settings
from broker.timetable import Timetable
from protocol import (
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GetStatus,
    JobCreated,
    Noop,
    PreSleep,
    StatusRes,
    SubmitJob,
    SubmitJobSched,
    WorkComplete,
)
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.broker.running import OpenRunning, Running, open_running
from tests.processes import BrokerProcess
from tests.servers import AOF, RedisServer

LEAP_DAY = (b"0", b"12", b"29", b"2", b"")
"""Noon on a day that is far, but for one in four years."""
TOKYO = ZoneInfo("Asia/Tokyo")


def on_leap_day(unique: bytes = b"", payload: bytes = b"x") -> SubmitJobSched:
    return SubmitJobSched(b"f", unique, *LEAP_DAY, payload=payload)


async def submit(peer: Peer, packet: SubmitJobSched) -> bytes:
    """Submit it, and return its handle."""
    await peer.say(packet)
    return (await peer.expect(JobCreated)).handle


async def redis_time(one: Running) -> int:
    """Unix seconds by the clock that decides."""
    reply: Any = await one.broker.store.pipe.ask(b"TIME")
    return int(reply[0])


async def times(one: Running) -> list[int]:
    """The unix seconds for which jobs are scheduled."""
    scheduled: Any = await one.broker.store.pipe.ask(b"ZRANGE", _scheduled(one), 0, -1, b"WITHSCORES")
    return [int(score) for _, score in scheduled]


async def let_time_pass(one: Running) -> None:
    """What was to run later is due now."""
    scheduled: Any = await one.broker.store.pipe.ask(b"ZRANGE", _scheduled(one), 0, -1)
    for job in scheduled:
        await one.broker.store.pipe.ask(b"ZADD", _scheduled(one), 1, job)
    one.broker.store.alarm.look_everywhere()


def _scheduled(one: Running) -> bytes:
    return one.broker.store.function(b"f").tag + b":scheduled"


async def test_a_job_runs_once_at_its_minute_over_all_brokers(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        client, sleeper = await here.peer(), await there.sleeper(b"f")
        before = await redis_time(here)
        handle = await submit(client, on_leap_day())
        due = {Timetable(0, 12, 29, 2).next_minute(now, ZoneInfo("UTC")) for now in (before, await redis_time(here))}
        assert set(await times(here)) <= due
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)
        assert await sleeper.heard() == []
        await let_time_pass(here)
        assert await sleeper.hear() == Noop()
        assert (await sleeper.grab()).handle == handle
        await sleeper.say(WorkComplete(handle, b""))
        assert await sleeper.finds_nothing()
        assert await (await here.worker(b"f")).finds_nothing()
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
        assert await times(here) == []


async def test_the_minute_is_named_in_the_zone_that_is_set(open_one: OpenRunning) -> None:
    async with open_one(schedule_zone="Asia/Tokyo") as one:
        before = await redis_time(one)
        await submit(await one.peer(), on_leap_day())
        after = await redis_time(one)
        assert set(await times(one)) <= {Timetable(0, 12, 29, 2).next_minute(now, TOKYO) for now in (before, after)}
        assert {time % 86_400 for time in await times(one)} == {3 * 3600}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((b"60", b"", b"", b"", b""), b"minute '60' is wrong: give a number from 0 to 59, or * for any"),
        ((b"0", b"0", b"31", b"6", b""), b"day 31 of month 6 never comes: give a day from 1 to 30, or * for any"),
    ],
)
async def test_a_wrong_field_is_told_and_the_connection_stays(
    one: Running, fields: tuple[bytes, bytes, bytes, bytes, bytes], said: bytes
) -> None:
    client = await one.peer()
    refused = await client.ask(SubmitJobSched(b"f", b"", *fields, b"x"))
    assert refused == Error(ErrorCode.INVALID_ARGUMENTS, said)
    assert await times(one) == []
    assert await client.submit_background(b"f")


async def test_what_is_sent_behind_it_does_not_overtake_it(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.say(
        EchoReq(b"before"), on_leap_day(b"u"), SubmitJob(b"f", b"u", b"y", background=True), EchoReq(b"behind")
    )
    assert await client.hear() == EchoRes(b"before")
    first, second = await client.expect(JobCreated), await client.expect(JobCreated)
    assert first == second
    assert await client.hear() == EchoRes(b"behind")
    assert await worker.finds_nothing()


async def test_it_joins_the_job_that_has_its_unique_whose_time_then_counts(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"now", b"u")
    assert await submit(client, on_leap_day(b"u")) == handle
    assert (await worker.grab()).payload == b"now"
    assert await times(one) == []


async def test_with_the_unique_of_a_hyphen_equal_payloads_are_one(one: Running) -> None:
    client = await one.peer()
    assert await submit(client, on_leap_day(b"-", b"same")) == await submit(client, on_leap_day(b"-", b"same"))
    assert len(await times(one)) == 1


async def test_a_job_is_kept_though_its_client_hangs_up_without_waiting_for_the_answer(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.say(on_leap_day())
    await client.leave()
    with trio.fail_after(PATIENCE_SECONDS):
        while not await times(one):
            pass
    await let_time_pass(one)
    assert (await worker.take()).payload == b"x"


async def test_without_its_store_it_is_refused(redis_server: RedisServer, tmp_path: Path) -> None:
    settings = Settings(port=0, redis=redis_server.url, data_dir=tmp_path, store_timeout=0.2)
    async with open_running(settings) as one:
        client = await one.peer()
        redis_server.kill()
        refused = await client.ask(on_leap_day())
        assert isinstance(refused, Error)
        assert (refused.code, refused.text[:27]) == (ErrorCode.QUEUE_ERROR, b"the store is not available:")
        assert await client.ask(EchoReq(b"still here")) == EchoRes(b"still here")
        await trio.to_thread.run_sync(redis_server.start)
        await one.broker.store.pipe.wait_connected()
        assert await submit(client, on_leap_day())


async def test_it_survives_a_kill_of_its_broker_and_of_redis(
    make_server: Callable[..., RedisServer], tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = make_server(*AOF)
    server.start()
    data: Path = tmp_path_factory.mktemp("s") / "data"
    with BrokerProcess(data, "--redis", server.unix_url) as broker:
        async with open_peer((broker.host, broker.port)) as client:
            handle = await submit(client, on_leap_day(b"u"))
        broker.kill9()
        server.kill()
        server.start()
        make_due(server)
        broker.start()
        async with open_peer((broker.host, broker.port)) as worker:
            await worker.can_do(b"f")
            job = await worker.take()
            assert (job.handle, job.unique, job.payload) == (handle, b"u", b"x")
            await worker.say(WorkComplete(handle, b""))
            assert await worker.finds_nothing()
            await worker.say(PreSleep())
            assert await worker.heard() == []


def make_due(server: RedisServer) -> None:
    """What was to run later is due now."""
    client: Any = server.client()
    (scheduled,) = client.keys("*:scheduled")
    client.zadd(scheduled, dict.fromkeys(client.zrange(scheduled, 0, -1), 1))
