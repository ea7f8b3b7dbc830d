"""cancel job: who waits is told once, wherever; the worker is not told, and nothing it says later is a fault."""

import pytest

from protocol import (
    GetStatus,
    JobCreated,
    Noop,
    StatusRes,
    SubmitJobEpoch,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running

OK = b"OK\r\n"
UNKNOWN = b"ERR UNKNOWN_JOB\r\n"


async def cancel(peer: Peer, handle: bytes) -> bytes:
    return await peer.ask_in_text(b"cancel job " + handle)


async def test_a_queued_job_is_gone_everywhere_and_its_unique_is_free(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        client, admin = await one.peer(), await other.peer()
        handle = await client.submit_background(b"f", b"x", b"u")
        assert await cancel(admin, handle) == OK
        assert await cancel(admin, handle) == UNKNOWN
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
        assert await client.ask_in_text(b"show jobs") == b".\n"
        again = await client.submit_background(b"f", b"y", b"u")
        assert again != handle
        assert (await (await other.worker(b"f")).grab()).handle == again


async def test_who_waits_is_told_once_at_every_broker(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other, open_one() as third:
        clients = [await one.peer(), await one.peer(), await other.peer()]
        handle, *_ = [await client.submit(b"f", b"x", b"u") for client in clients]
        assert await cancel(await third.peer(), handle) == OK
        for client in clients:
            assert await client.hear() == WorkFail(handle)
            assert await client.heard() == []


async def test_who_waits_may_cancel_and_is_answered_first(one: Running) -> None:
    client = await one.peer()
    handle = await client.submit(b"f", b"x")
    await client.say_bytes(b"cancel job %b\r\n" % handle)
    expected = OK + b"\0RES\0\0\0\x0e" + len(handle).to_bytes(4, "big") + handle
    assert await client.hear_bytes(lambda heard: len(heard) >= len(expected)) == expected


@pytest.mark.parametrize("where", ["all at one broker", "each at another"])
async def test_a_running_job_ends_for_all_but_its_worker(open_one: OpenRunning, where: str) -> None:
    async with open_one() as one, open_one() as two, open_one() as three:
        brokers = [one, one, one] if where == "all at one broker" else [one, two, three]
        client, worker, admin = await brokers[0].peer(), await brokers[1].worker(b"f"), await brokers[2].peer()
        handle = await client.submit(b"f", b"x", b"u")
        assert (await worker.take()).handle == handle
        assert await cancel(admin, handle) == OK
        assert await client.hear() == WorkFail(handle)
        await worker.say(
            WorkData(handle, b"part"),
            WorkWarning(handle, b"hm"),
            WorkStatus(handle, b"1", b"2"),
            WorkComplete(handle, b"end"),
        )
        assert await worker.heard() == []
        assert await client.heard() == []
        assert await client.ask_in_text(b"status") in (b"f\t0\t0\t1\n.\n", b"f\t0\t0\t0\n.\n")


@pytest.mark.parametrize("end", [WorkComplete, WorkException, WorkFail])
async def test_every_end_of_a_cancelled_run_is_heard_by_nobody(one: Running, end: type) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.take()
    assert await cancel(await one.peer(), handle) == OK
    assert await client.hear() == WorkFail(handle)
    await worker.say(end(handle) if end is WorkFail else end(handle, b""))
    assert await worker.heard() == []
    assert await client.heard() == []


async def test_a_worker_that_goes_away_brings_no_cancelled_job_back(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        client, worker = await one.peer(), await one.worker(b"f")
        handle = await client.submit_background(b"f", b"x")
        await worker.grab()
        assert await cancel(await other.peer(), handle) == OK
        await one.until(lambda: not one.broker.runs.by_handle)
        await worker.leave()
        await one.until(lambda: len(one.broker.sessions) == 1)
        assert await (await other.worker(b"f")).finds_nothing()


async def test_a_job_reserved_for_a_sleeper_elsewhere_is_not_begun(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=1000) as one, open_one() as other:
        client, worker = await one.peer(), await one.sleeper(b"f")
        handle = await client.submit_background(b"f", b"x")
        assert await worker.hear() == Noop()
        line = one.broker.roster.lines[b"f"]
        assert line.reserved_priority == 1
        assert await cancel(await other.peer(), handle) == OK
        await one.until(lambda: line.reserved_priority == 3)
        assert await worker.finds_nothing()


async def test_a_delayed_job_never_runs(one: Running) -> None:
    client = await one.peer()
    await client.say(SubmitJobEpoch(b"f", b"", 2**40, b"x"))
    created = await client.expect(JobCreated)
    assert await cancel(client, created.handle) == OK
    assert await client.ask_in_text(b"status") == b"f\t0\t0\t0\n.\n"


async def test_a_handle_may_be_spelled_with_the_prefix_of_another_broker(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one(job_handle_prefix="H:other:") as other:
        client = await one.peer()
        handle = await client.submit(b"f", b"x")
        assert await cancel(await other.peer(), b"H:other:" + handle.removeprefix(b"H:")) == OK
        assert await client.hear() == WorkFail(handle)
        again = await client.submit(b"f", b"x")
        assert await cancel(await one.peer(), b"anything:" + again.removeprefix(b"H:")) == OK
        assert await client.hear() == WorkFail(again)


async def test_cancelling_wakes_nobody(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x")
    await worker.grab()
    asleep = await one.sleeper(b"f")
    assert await cancel(client, handle) == OK
    assert await asleep.heard() == []
