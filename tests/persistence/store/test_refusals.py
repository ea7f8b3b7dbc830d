"""Redis refuses: at its memory limit, as a replica, busy. Who submits is told; what has ended is kept."""

import logging

import pytest

from persistence import Manner, Outcome, StoreRefusedError, Submitted
from tests.persistence.pipes import until
from tests.persistence.store.standin import Standin, payloads
from tests.ports import private_port
from tests.servers import RedisServer

MEBIBYTE = 1024 * 1024


def make_replica(server: RedisServer) -> None:
    """It takes no writes from now on; its master cannot be reached."""
    server.client().replicaof("127.0.0.1", str(private_port()))


def make_master(server: RedisServer) -> None:
    server.client().replicaof("NO", "ONE")


def fill(server: RedisServer) -> None:
    """No memory is left."""
    client = server.client()
    client.set("ballast", bytes(4 * MEBIBYTE))
    client.config_set("maxmemory", int(client.info("memory")["used_memory"]) - 2 * MEBIBYTE)


def make_room(server: RedisServer) -> None:
    server.client().config_set("maxmemory", 0)


async def test_at_the_memory_limit_submits_are_refused_and_everything_else_goes_on(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    for number in range(6):
        await broker.submit(b"%d" % number, background=number != 4)
    first, second, third, fourth = [await broker.claim() for _ in range(4)]
    beats = (await broker.store.janitor.look())[broker.name]
    fill(redis_server)
    refused = await broker.submit(b"refused", handed=True)
    assert isinstance(refused.outcome, StoreRefusedError)
    assert refused.outcome.word == "OOM"
    assert refused.handed is None
    assert await broker.finish(first) == b"finished"
    assert await broker.requeue(second) == [b"requeued"]
    assert await broker.requeue(third, limit=1) == [b"dead"]
    assert await broker.requeue(fourth, manner=Manner.HOUSE) == [b"requeued"]
    broker.store.keeper.raise_soon(broker.name)
    await broker.settled()
    assert (await broker.store.janitor.look())[broker.name] == beats + 1
    jobs = [await other.claim() for _ in range(4)]
    assert payloads(jobs) == [b"3", b"4", b"5", b"1"]
    other.store.ending.post(other.function(), jobs[1].id, 1, b"data", b"x")
    assert await other.finish(jobs[1], b"done") == b"finished"
    make_room(redis_server)
    assert (await broker.submit()).outcome is Submitted.QUEUED


async def test_a_broker_reconnects_at_the_memory_limit(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit()
    fill(redis_server)
    redis_server.client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: broker.events.reconnects == 2)
    assert (await broker.claim()).attempt == 1


async def test_a_function_met_at_the_memory_limit_is_known_when_there_is_room(
    broker: Standin, redis_server: RedisServer
) -> None:
    fill(redis_server)
    assert isinstance((await broker.submit(function=b"new")).outcome, StoreRefusedError)
    make_room(redis_server)
    assert (await broker.submit(function=b"new")).outcome is Submitted.QUEUED
    assert await broker.store.asking.functions() == [b"new"]


async def test_what_a_replica_refuses_happens_when_it_is_a_master_again_and_in_order(
    broker: Standin, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = await broker.submit(b"first", unique=b"u")
    await broker.submit(b"second")
    await broker.submit(b"left", unique=b"waited", background=False)
    job, suspect = await broker.claim(), await broker.claim()
    make_replica(redis_server)
    refused, look = await broker.submit(), await broker.look()
    for error in (refused.outcome, look.job):
        assert isinstance(error, StoreRefusedError)
        assert error.word == "READONLY"
    words: list[bytes | list[bytes]] = []
    left: list[str] = []
    ending, function = broker.store.ending, broker.function()
    ending.finish(function, job.id, job.attempt, Outcome.COMPLETED, b"", words.append, unique=job.unique, beside=False)
    ending.requeue(function, [(suspect.id, suspect.attempt)], Manner.SUSPECT, -1, words.append)
    ending.detach(function, broker.events.waiting.pop(function.name), lambda: left.append("left"))
    await until(lambda: broker.store.link.owes == 3)
    assert words == []
    make_master(redis_server)
    # These follow what is owed: they find the uniques free.
    again = broker.submit_soon(b"third", unique=b"u")
    waited = broker.submit_soon(b"fourth", unique=b"waited", background=False)
    await until(lambda: bool(again) and bool(waited))
    assert (again[0].outcome, waited[0].outcome) == (Submitted.QUEUED, Submitted.QUEUED)
    assert again[0].id != first.id
    assert (words, left) == ([b"finished", [b"requeued"]], ["left"])
    assert payloads([await broker.claim() for _ in range(3)]) == [b"second", b"third", b"fourth"]
    complaints = [record for record in caplog.records if record.name == "persistence.link"]
    assert [record.levelno for record in complaints] == [logging.ERROR, logging.INFO]
    assert "READONLY" in complaints[0].getMessage()


async def test_what_is_owed_is_retried_without_anybody_asking(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit()
    job = await broker.claim()
    make_replica(redis_server)
    words = broker.finish_soon(job)
    await until(lambda: broker.store.link.owes == 1)
    make_master(redis_server)
    await until(lambda: words == [b"finished"])
    assert broker.store.link.owes == 0


async def test_what_is_owed_goes_before_what_a_reconnect_gives_back(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit()
    job = await broker.claim()
    make_replica(redis_server)
    words = broker.finish_soon(job)
    broker.events.runs.clear()
    await until(lambda: broker.store.link.owes == 1)
    redis_server.client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: not broker.store.connected)
    make_master(redis_server)
    await until(lambda: words == [b"finished"])
    assert (await broker.counts()).requeued == 0


async def test_a_busy_redis_delays_and_refuses_but_loses_nothing(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit(b"kept")
    job = await broker.claim()
    client = redis_server.client()
    client.config_set("busy-reply-threshold", 1)
    broker.store.bulk.post(["EVAL", "while true do end", 0], lambda reply: None)
    refused = await broker.submit()
    while not isinstance(refused.outcome, StoreRefusedError):
        refused = await broker.submit()
    assert refused.outcome.word == "BUSY"
    words = broker.finish_soon(job)
    broker.store.listen(broker.function())
    await until(lambda: broker.store.link.owes == 2)
    client.script_kill()
    await until(lambda: words == [b"finished"])
    await until(lambda: bool(broker.events.notices))  # it could not listen, so it looks now
    notices = len(broker.events.notices)
    await broker.submit()
    await until(lambda: len(broker.events.notices) > notices)
