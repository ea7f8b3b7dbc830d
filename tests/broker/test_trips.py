"""What requests cost: trips to the store, counted on the pipe that makes them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from broker.text.listing import AHEAD
from persistence.records import read_handle
from protocol import (
    CanDo,
    EchoReq,
    EchoRes,
    GetStatus,
    GrabJobAll,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    OptionReq,
    OptionRes,
    PreSleep,
    SetClientId,
    StatusRes,
    SubmitJob,
    SubmitJobSched,
    WorkComplete,
    WorkStatus,
)
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running

A_LONG_TIME = 1000.0


@pytest.fixture
async def one(open_one: OpenRunning) -> AsyncIterator[Running]:
    """A broker that asks nothing on its own account while a test counts."""
    async with open_one(presence_ttl=A_LONG_TIME) as running:
        yield running


class Trips:
    """How many trips and commands a block took."""

    sends = 0
    commands = 0
    sends_of_large_payloads = 0


@contextmanager
def counting(one: Running) -> Iterator[Trips]:
    """Counts the trips of a block."""
    trips, store = Trips(), one.broker.store
    before, bulk_before = store.pipe.statistics(), store.bulk.statistics()
    yield trips
    after, bulk_after = store.pipe.statistics(), store.bulk.statistics()
    trips.sends = after.sends - before.sends
    trips.commands = after.commands - before.commands
    trips.sends_of_large_payloads = bulk_after.sends - bulk_before.sends


async def until_handled(peer: Peer) -> None:
    """Wait until the broker has dealt with all that this peer has said, without a trip."""
    assert await peer.ask(EchoReq(b"so far")) == EchoRes(b"so far")


async def a_worker_that_knows(one: Running) -> Peer:
    """A worker whose functions are known and known to be empty."""
    worker = await one.worker(b"f", b"g")
    assert await worker.finds_nothing()
    await one.settled()
    return worker


async def test_what_concerns_no_job_costs_no_trip(one: Running) -> None:
    worker = await a_worker_that_knows(one)
    with counting(one) as trips:
        assert await worker.ask(OptionReq(b"exceptions")) == OptionRes(b"exceptions")
        await worker.say(CanDo(b"f"), CanDo(b"g"), SetClientId(b"w"))
        assert await worker.ask(GrabJobAll()) == NoJob()
        await worker.say(PreSleep())
        await until_handled(worker)
        await one.settled()
    assert trips.sends == 0


async def test_the_first_of_a_function_subscribes_and_nobody_waits_for_it(one: Running) -> None:
    worker = await one.peer()
    with counting(one) as trips:
        await worker.say(CanDo(b"f"), CanDo(b"g"), CanDo(b"h"))
        await until_handled(worker)
        await one.settled()
    assert trips.sends == 1


@pytest.mark.parametrize("background", [True, False])
async def test_a_job_costs_a_trip_to_submit_one_to_claim_and_one_to_finish(one: Running, background: bool) -> None:
    client, worker = await one.peer(), await a_worker_that_knows(one)
    with counting(one) as submitting:
        handle = await client.submit(b"f", b"x", background=background)
        await one.settled()
    with counting(one) as claiming:
        await worker.take()
    with counting(one) as finishing:
        await worker.say(WorkComplete(handle, b"end"))
        await until_handled(worker)
        await one.settled()
    assert (submitting.sends, claiming.sends, finishing.sends) == (1, 1, 1)


async def test_a_hand_off_costs_nothing_beyond_the_submit(one: Running) -> None:
    client, worker = await one.peer(), await a_worker_that_knows(one)
    await worker.say(PreSleep())
    await until_handled(worker)
    with counting(one) as trips:
        handle = await client.submit(b"f", b"x")
        assert await worker.hear() == Noop()
        assert (await worker.grab()).handle == handle
        await one.settled()
    assert trips.sends == 1


async def test_nor_does_one_to_a_worker_that_is_about_to_sleep(one: Running) -> None:
    client, worker = await one.peer(), await a_worker_that_knows(one)
    await worker.say(PreSleep())
    assert await worker.finds_nothing()
    with counting(one) as trips:
        handle = await client.submit(b"f", b"x")
        assert await worker.ask(PreSleep()) == Noop()
        assert (await worker.grab()).handle == handle
        await one.settled()
    assert trips.sends == 1


@pytest.mark.parametrize("fetched", [1, 0], ids=["elsewhere", "here"])
async def test_a_large_payload_that_was_handed_in_elsewhere_is_fetched_by_a_trip_of_its_own(
    one: Running, fetched: int
) -> None:
    client, worker = await one.peer(), await a_worker_that_knows(one)
    handle = await client.submit_background(b"f", b"x" * 100_000)
    await one.settled()
    if fetched:
        read = read_handle(handle)
        assert read is not None
        assert one.broker.store.claiming.kept.take(one.broker.store.function(b"f"), read[1])
    with counting(one) as trips:
        await worker.take()
        await one.settled()
    assert (trips.sends, trips.sends_of_large_payloads) == (1, fetched)


async def test_submits_of_one_pass_share_a_trip(one: Running) -> None:
    client = await one.peer()
    await client.submit_background(b"f", b"x")
    await one.settled()
    with counting(one) as trips:
        await client.say(*(SubmitJob(b"f", b"", b"x", background=True) for _ in range(100)))
        for _ in range(100):
            await client.expect(JobCreated)
        await one.settled()
    assert (trips.sends, trips.commands) == (1, 1)


async def test_a_job_for_a_minute_of_the_calendar_costs_one_trip_more_for_the_time(one: Running) -> None:
    client = await one.peer()
    await client.submit_background(b"f", b"x")
    await one.settled()
    with counting(one) as trips:
        await client.say(SubmitJobSched(b"f", b"", b"0", b"0", b"", b"", b"", b"x"))
        await client.expect(JobCreated)
        await one.settled()
    assert (trips.sends, trips.commands) == (2, 2)


async def test_a_status_costs_one_trip(one: Running) -> None:
    client = await one.peer()
    handle = await client.submit_background(b"f", b"x")
    await one.settled()
    with counting(one) as trips:
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)
    assert trips.sends == 1


async def test_much_progress_of_one_pass_is_written_once_for_each_job(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handles = [await client.submit_background(b"f", b"x") for _ in range(2)]
    for _ in handles:
        await worker.grab()
    await one.settled()
    with counting(one) as trips:
        await worker.say(*(WorkStatus(handle, b"%d" % n, b"50") for n in range(50) for handle in handles))
        await until_handled(worker)
        await one.settled()
    assert (trips.sends, trips.commands) == (1, 2)


async def test_a_lost_connection_costs_one_write_for_all_its_jobs(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f", b"g")
    for _ in range(3):
        await client.submit_background(b"f", b"x")
        await client.submit_background(b"g", b"x")
    for _ in range(6):
        await worker.grab()
    await worker.submit(b"h", b"x")
    await one.settled()
    with counting(one) as trips:
        await worker.leave()
        while len(one.broker.sessions) > 1:
            await until_handled(client)
        await one.settled()
    assert trips.sends == 1
    assert trips.commands == 3  # the jobs of f, those of g, and the one it waited for


async def test_a_worker_in_full_swing_costs_two_trips_a_job(one: Running) -> None:
    client, worker = await one.peer(), await a_worker_that_knows(one)
    for _ in range(10):
        await client.submit_background(b"f", b"x")
    await worker.take()
    await one.settled()
    with counting(one) as trips:
        for _ in range(9):
            assert isinstance(await worker.ask(GrabJobAll()), JobAssignUniq)
        await one.settled()
    assert trips.sends == 9


@pytest.mark.parametrize("listing", [b"show jobs", b"show unique jobs"])
async def test_the_jobs_of_some_functions_are_listed_in_as_many_trips_as_those_of_one(
    one: Running, listing: bytes
) -> None:
    client = await one.peer()

    async def trips_for(functions: int) -> int:
        for number in range(functions):
            await client.submit_background(b"%d" % number)
        await one.settled()
        with counting(one) as trips:
            await client.ask_in_text(listing)
            await one.settled()
        return trips.sends + trips.sends_of_large_payloads

    assert await trips_for(1) == await trips_for(AHEAD)
