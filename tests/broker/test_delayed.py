"""Jobs for later, as workers see them: they wake when they are due, wherever, and hide nothing until then."""

import time

import pytest

from protocol import JobCreated, Noop, PreSleep, Priority, SubmitJobEpoch, WorkComplete
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running

AN_HOUR = 3600
A_LONG_TIME = 1000.0


async def submit_for(peer: Peer, run_at: int, payload: bytes = b"later") -> bytes:
    """Submit a job for that unix second, and return its handle."""
    await peer.say(SubmitJobEpoch(b"f", b"", run_at, payload))
    return (await peer.expect(JobCreated)).handle


@pytest.mark.parametrize("submitting_broker_stays", [True, False])
async def test_a_job_that_falls_due_wakes_a_sleeper_at_another_broker(
    open_one: OpenRunning, submitting_broker_stays: bool
) -> None:
    async with open_one() as there:
        sleeper = await there.sleeper(b"f")
        async with open_one() as here:
            due = int(time.time()) + 2
            handle = await submit_for(await here.peer(), due)
            if submitting_broker_stays:
                assert await sleeper.hear() == Noop()
        if not submitting_broker_stays:
            assert await sleeper.hear() == Noop()
        assert time.time() >= due
        assert (await sleeper.grab()).handle == handle


async def test_a_job_that_falls_due_is_handed_out_once_over_brokers_that_sleep(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        sleepers = [await here.sleeper(b"f"), await there.sleeper(b"f")]
        due = int(time.time()) + 1
        handles = {await submit_for(await here.peer(), due) for _ in range(2)}
        done = set()
        for sleeper in sleepers:
            job = await sleeper.take() if await sleeper.hear() == Noop() else None
            assert job is not None
            done.add(job.handle)
            await sleeper.say(WorkComplete(job.handle, b""))
        assert done == handles
        assert [await sleeper.finds_nothing() for sleeper in sleepers] == [True, True]


@pytest.mark.parametrize("priority", list(Priority))
async def test_jobs_that_are_not_due_hide_none_that_can_run(open_one: OpenRunning, priority: Priority) -> None:
    async with open_one() as here, open_one() as there:
        client, sleeper = await here.peer(), await there.sleeper(b"f")
        for number in range(20):
            await submit_for(client, int(time.time()) + AN_HOUR + number)
        assert await sleeper.heard() == []
        now = await client.submit_background(b"f", b"now", priority=priority)
        assert await sleeper.hear() == Noop()
        assert (await sleeper.grab()).handle == now
        assert await sleeper.finds_nothing()
        await sleeper.say(PreSleep())
        assert await sleeper.heard() == []


async def test_a_worker_beside_jobs_that_are_not_due_costs_no_trips(open_one: OpenRunning) -> None:
    async with open_one(presence_ttl=A_LONG_TIME) as one:
        worker = await one.sleeper(b"f")
        await submit_for(await one.peer(), int(time.time()) + AN_HOUR)
        assert await worker.finds_nothing()
        await one.settled()
        before = one.broker.store.pipe.statistics().commands
        for _ in range(100):
            assert await worker.finds_nothing()
        assert one.broker.store.pipe.statistics().commands == before


async def test_a_client_that_joins_a_job_for_later_hears_how_it_ends(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    await client.say(SubmitJobEpoch(b"f", b"u", int(time.time()) + 1, b"x"))
    handle = (await client.expect(JobCreated)).handle
    assert await client.submit(b"f", b"y", b"u") == handle
    assert await worker.hear() == Noop()
    assert (await worker.grab()).payload == b"x"
    await worker.say(WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")
