"""Foreground submits that were refused after they had left: Redis stores them yet, and nobody waits for them."""

import pytest

from persistence.pipe import Pipe
from protocol import Error, ErrorCode, GetStatus, JobCreated, StatusRes, SubmitJob, WorkComplete
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running, impatient, standing_still, unasked
from tests.servers import RedisServer


async def submit_in_vain(one: Running, client: Peer, *uniques: bytes) -> None:
    """Have the client submit a job for each of these to a store that stands still."""
    with impatient(one):
        await client.say(*[SubmitJob(b"f", unique, b"refused") for unique in uniques])
        for _ in uniques:
            assert (await client.expect(Error)).code == ErrorCode.QUEUE_ERROR


async def jobs(one: Running) -> bytes:
    """What `status` lists."""
    return await (await one.peer()).ask_in_text(b"status")


async def test_it_is_dropped_when_redis_answers(one: Running, shared_server: RedisServer) -> None:
    client = await one.peer()
    with standing_still(shared_server):
        await submit_in_vain(one, client, b"", b"unique")
    await one.settled()
    assert b"f\t0\t0\t0\n" in await jobs(one)
    assert not one.broker.detaching
    # Its unique is free again.
    handle = await client.submit(b"f", b"new", b"unique")
    worker = await one.worker(b"f")
    assert (await worker.grab()).payload == b"new"
    await worker.say(WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")
    assert await worker.finds_nothing()


async def test_it_is_dropped_when_the_connection_broke_before_the_answer(
    one: Running, shared_server: RedisServer
) -> None:
    client = await one.peer()
    await client.submit_background(b"g", b"x")
    with standing_still(shared_server):
        await submit_in_vain(one, client, b"unique")
        pipe = one.broker.store.pipe
        assert isinstance(pipe, Pipe)
        pipe.renew("for a test")
    await one.broker.store.pipe.wait_connected()
    await one.settled()
    assert b"f\t1" not in await jobs(one)


async def test_of_many_redis_is_told_in_one_script(one: Running, shared_server: RedisServer) -> None:
    def scripts() -> int:
        return int(shared_server.client().info("commandstats")["cmdstat_evalsha"]["calls"])

    client = await one.peer()
    await client.submit_background(b"g", b"x")
    before = scripts()
    with standing_still(shared_server):
        await submit_in_vain(one, client, *[b""] * 60)
    await one.settled()
    assert scripts() - before < 30
    assert b"f\t0\t0\t0\n" in await jobs(one)
    assert not one.broker.detaching


@pytest.mark.parametrize("uniques", [[b""], [b"", b"unique"]])
async def test_no_sleeper_runs_it(one: Running, shared_server: RedisServer, uniques: list[bytes]) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    with standing_still(shared_server):
        await submit_in_vain(one, client, *uniques)
    await one.settled()
    await one.until(lambda: not one.broker.detaching)
    await worker.heard()  # it may have been woken for it
    assert await worker.finds_nothing()
    assert b"f\t0\t0\t1\n" in await jobs(one)


async def test_who_joins_it_meanwhile_waits_for_a_job_that_stays(one: Running, shared_server: RedisServer) -> None:
    client, other, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    with standing_still(shared_server):
        with impatient(one):  # the other is not: it has its answer when Redis answers
            await client.say(SubmitJob(b"f", b"unique", b"refused"))
            await unasked(lambda: one.broker.line(b"f").joining == 1)
        await other.say(SubmitJob(b"f", b"unique", b"other"))
        assert (await client.expect(Error)).code == ErrorCode.QUEUE_ERROR
    handle = (await other.expect(JobCreated)).handle
    assert (await worker.grab()).handle == handle
    assert await other.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0, 0)
    await worker.say(WorkComplete(handle, b"end"))
    assert await other.hear() == WorkComplete(handle, b"end")
    assert await worker.finds_nothing()


async def test_what_it_joined_goes_with_those_who_wait_for_it(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one() as elsewhere, open_one() as one:
        first, client = await elsewhere.peer(), await one.peer()
        handle = await first.submit(b"f", b"x", b"unique")
        with standing_still(shared_server):
            await submit_in_vain(one, client, b"unique")
        await one.settled()
        await one.until(lambda: not one.broker.detaching)
        assert await first.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)
        await first.leave()
        await elsewhere.until(lambda: not (elsewhere.broker.sessions or elsewhere.broker.detaching))
        assert b"f\t0\t0\t0\n" in await jobs(one)
