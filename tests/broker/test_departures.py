"""Clients that hang up while they wait for many jobs: dropped some at a time, and nobody else is harmed."""

import pytest

from persistence.gathering import MOST
from protocol import GetStatus, JobCreated, StatusRes, SubmitJob, WorkComplete
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running, standing_still, unasked
from tests.servers import RedisServer

UNIQUES = [b"u%d" % number for number in range(10 * MOST + 1)]


async def submit_all(client: Peer, function: bytes = b"f") -> list[bytes]:
    await client.say(*[SubmitJob(function, unique, b"x") for unique in UNIQUES])
    return [(await client.expect(JobCreated)).handle for _ in UNIQUES]


def waited_for(one: Running, function: bytes = b"f") -> int:
    return len(one.broker.audience.awaited(one.broker.store.function(function)))


async def statuses(one: Running, *functions: bytes) -> dict[bytes, bytes]:
    """What `status` lists of these functions: total, running and workers."""
    listed = await (await one.peer()).ask_in_text(b"status")
    lines = [line.split(b"\t", 1) for line in listed.splitlines() if b"\t" in line]
    return {function: rest for function, rest in lines if function in functions}


async def test_all_that_only_it_waited_for_is_dropped(one: Running) -> None:
    client = await one.peer()
    for function in (b"f", b"g"):
        await submit_all(client, function)
    await client.leave()
    await one.until(lambda: not waited_for(one) and not waited_for(one, b"g"))
    assert await statuses(one, b"f", b"g") == {b"f": b"0\t0\t0", b"g": b"0\t0\t0"}
    await one.until(lambda: not one.broker.detaching)


async def test_others_are_served_before_all_of_it_is_dropped(one: Running, shared_server: RedisServer) -> None:
    client, other = await one.peer(), await one.peer()
    await submit_all(client)
    with standing_still(shared_server):
        await client.leave()
        await unasked(lambda: len(one.broker.detaching) == 2 * MOST)
        await other.ask_in_text(b"version")
        assert len(one.broker.detaching) == 2 * MOST
        in_flight = one.broker.store.pipe.statistics().in_flight
        await other.say(SubmitJob(b"g", b"", b"", background=True))
        await unasked(lambda: one.broker.store.pipe.statistics().in_flight > in_flight)
    await other.expect(JobCreated)
    assert waited_for(one) >= 4 * MOST
    await one.until(lambda: not waited_for(one))


@pytest.mark.parametrize("number", [0, 3 * MOST, len(UNIQUES) - 1])
async def test_who_joins_meanwhile_waits_for_a_job_that_stays(
    one: Running, shared_server: RedisServer, number: int
) -> None:
    # Redis may have been told already that nobody waits for it, or not yet: the submit is on the way to it.
    client, other, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    await submit_all(client)
    with standing_still(shared_server):
        await other.say(SubmitJob(b"f", UNIQUES[number], b"x"))
        await unasked(lambda: one.broker.line(b"f").joining == 1)
        await client.leave()
        await unasked(lambda: len(one.broker.detaching) == 2 * MOST)
    handle = (await other.expect(JobCreated)).handle
    await one.until(lambda: waited_for(one) == 1)
    assert (await worker.grab()).handle == handle
    await worker.say(WorkComplete(handle, b"end"))
    assert await other.hear() == WorkComplete(handle, b"end")
    assert await worker.finds_nothing()


async def test_a_client_that_comes_back_hears_of_all_it_submits_again(one: Running) -> None:
    client, again, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    await submit_all(client)
    await client.leave()
    handles = await submit_all(again)
    for _ in UNIQUES:
        await worker.say(WorkComplete((await worker.grab()).handle, b"end"))
    assert {(await again.expect(WorkComplete)).handle for _ in UNIQUES} == set(handles)
    assert await worker.finds_nothing()


async def test_what_others_wait_for_too_stays(one: Running) -> None:
    client, other = await one.peer(), await one.peer()
    handles = await submit_all(client)
    assert await submit_all(other) == handles
    await client.leave()
    await one.until(lambda: not one.broker.departures.left)
    assert await other.ask(GetStatus(handles[-1])) == StatusRes(handles[-1], True, False, 0, 0)
    assert waited_for(one) == len(UNIQUES)


async def test_a_job_that_is_over_meanwhile_ends_unheard(one: Running, shared_server: RedisServer) -> None:
    client, worker = await one.peer(), await one.worker(b"g")
    await submit_all(client)
    last = await client.submit(b"g", b"x")
    assert (await worker.grab()).handle == last
    with standing_still(shared_server):
        await client.leave()
        await unasked(lambda: bool(one.broker.detaching))
        await worker.say(WorkComplete(last, b"end"))
        await unasked(lambda: not waited_for(one, b"g"))
        assert waited_for(one)
    await one.until(lambda: not waited_for(one))
    assert await statuses(one, b"f", b"g") == {b"f": b"0\t0\t0", b"g": b"0\t0\t1"}


async def test_a_broker_that_stops_meanwhile_drops_the_rest_before_its_goodbye(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one() as staying:
        async with open_one() as stopping:
            client = await stopping.peer()
            await submit_all(client)
            with standing_still(shared_server):
                await client.leave()
                await unasked(lambda: bool(stopping.broker.detaching))
            store = stopping.broker.store
            attending = store.function(b"f").tag + b":attending:" + store.link.incarnation
            assert shared_server.client().exists(attending)
        assert not shared_server.client().exists(attending)
        assert await statuses(staying, b"f") == {b"f": b"0\t0\t0"}
