"""A clean stop: what runs may end, what is answered is heard, and the rest goes back uncharged."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import trio
import trio.testing

from persistence.scripts import CLAIM
from protocol import GrabJob, JobCreated, NoJob, Noop, SubmitJob, WorkComplete, WorkData
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.broker.running import OpenRunning, Running, standing_still
from tests.faults.proxy import open_proxy
from tests.faults.trap import Point, Trap
from tests.servers import RedisServer

JOBS = [b"%d" % number for number in range(8)]


class Stoppable:
    """A broker that runs in a task of its own until it is told to stop."""

    def __init__(self) -> None:
        self.one: Running
        self._stop = trio.Event()
        self._stopped = trio.Event()
        self._peers = AsyncExitStack()

    async def run(
        self, open_one: OpenRunning, fields: dict[str, object], *, task_status: trio.TaskStatus[None]
    ) -> None:
        """The task."""
        async with open_one(**fields) as self.one:
            task_status.started()
            await self._stop.wait()
        self._stopped.set()

    async def peer(self, *functions: bytes) -> Peer:
        """A connection that is not closed before the broker closes it."""
        peer = await self._peers.enter_async_context(open_peer(self.one.address))
        await peer.can_do(*functions)
        return peer

    async def asks_more_than(self, commands: int) -> int:
        """Wait until it waits for the store to answer more commands than so many; how many that are."""
        pipe = self.one.broker.store.pipe
        with trio.fail_after(PATIENCE_SECONDS):
            while (asked := pipe.statistics().in_flight) <= commands:
                await trio.lowlevel.checkpoint()
        return asked

    async def stop(self) -> None:
        """Tell it to stop; returns when it has begun to."""
        self._stop.set()
        with trio.fail_after(PATIENCE_SECONDS):
            while not self.one.broker.leaving:
                await trio.lowlevel.checkpoint()

    async def stopped(self) -> None:
        """Wait until it has stopped."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self._stopped.wait()

    async def close_peers(self) -> None:
        """The end of the test."""
        await self._peers.aclose()


@asynccontextmanager
async def stoppable(open_one: OpenRunning, **fields: object) -> AsyncIterator[Stoppable]:
    """A broker that can be told to stop inside the block."""
    async with trio.open_nursery() as nursery:
        broker = Stoppable()
        await nursery.start(broker.run, open_one, fields)
        try:
            yield broker
        finally:
            with trio.CancelScope(shield=True):
                await broker.close_peers()
            nursery.cancel_scope.cancel()


async def all_in_order(one: Running) -> list[bytes]:
    """What one worker there is given of `JOBS`, from the first to the last."""
    worker = await one.worker(b"f")
    return [(await worker.take()).payload for _ in JOBS]


async def test_a_job_that_runs_may_end_and_its_client_hears_of_it(open_one: OpenRunning) -> None:
    async with stoppable(open_one, grace=PATIENCE_SECONDS) as broker, open_one() as other:
        client, worker, witness = await broker.peer(), await broker.peer(b"f"), await other.worker(b"f")
        handle = await client.submit(b"f", b"x", b"u")
        await worker.grab()
        await broker.stop()
        await worker.say(WorkData(handle, b"part"), WorkComplete(handle, b"end"))
        assert await client.is_hung_up_on() == [WorkData(handle, b"part"), WorkComplete(handle, b"end")]
        await broker.stopped()
        assert await witness.finds_nothing()


async def test_nothing_new_is_handed_out_while_it_stops(open_one: OpenRunning) -> None:
    async with stoppable(open_one, grace=PATIENCE_SECONDS) as broker, open_one() as other:
        worker, idle = await broker.peer(b"f"), await broker.peer(b"f")
        await worker.submit_background(b"f", b"1")
        await worker.submit_background(b"f", b"2")
        handle = (await worker.grab()).handle
        await broker.stop()
        assert await idle.ask(GrabJob()) == NoJob()
        await worker.say(WorkComplete(handle, b""))
        await broker.stopped()
        assert (await (await other.worker(b"f")).take()).payload == b"2"


async def test_what_is_submitted_while_it_stops_is_stored(open_one: OpenRunning) -> None:
    async with stoppable(open_one, grace=PATIENCE_SECONDS) as broker, open_one() as other:
        worker = await broker.peer(b"f")
        await worker.submit_background(b"f", b"1")
        first = (await worker.grab()).handle
        await broker.stop()
        await worker.say(WorkComplete(first, b""), SubmitJob(b"f", b"", b"2", background=True))
        (created,) = await worker.is_hung_up_on()
        assert isinstance(created, JobCreated)
        await broker.stopped()
        assert (await (await other.worker(b"f")).take()).handle == created.handle


async def test_a_job_that_does_not_end_goes_to_another_broker_uncharged(open_one: OpenRunning) -> None:
    async with stoppable(open_one, grace=0, job_retries=1) as broker, open_one(job_retries=1) as other:
        client, worker = await other.peer(), await broker.peer(b"f")
        handle = await client.submit(b"f", b"x")
        await worker.take()
        await broker.stop()
        await broker.stopped()
        again = await other.worker(b"f")
        assert (await again.take()).handle == handle
        await again.say(WorkComplete(handle, b"end"))
        assert await client.hear() == WorkComplete(handle, b"end")


async def test_jobs_that_do_not_end_go_back_in_their_order(open_one: OpenRunning) -> None:
    async with stoppable(open_one, grace=0) as broker, open_one() as other:
        client = await broker.peer()
        for number in JOBS:
            await client.submit_background(b"f", number)
        for _ in JOBS:
            await (await broker.peer(b"f")).take()
        await broker.stop()
        await broker.stopped()
        assert await all_in_order(other) == JOBS


async def test_a_job_reserved_here_is_free_for_others_at_once(open_one: OpenRunning) -> None:
    async with stoppable(open_one, reservation_seconds=1000) as broker, open_one() as other:
        client, worker, elsewhere = await broker.peer(), await broker.peer(b"f"), await other.sleeper(b"f")
        await worker.fall_asleep()
        handle = await client.submit_background(b"f", b"x")
        assert await worker.hear() == Noop()
        await broker.stop()
        assert await elsewhere.hear() == Noop()
        assert (await elsewhere.take()).handle == handle


async def test_all_who_wait_for_what_runs_to_end_are_told(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(one.broker.runs.wait_empty)
            await trio.testing.wait_all_tasks_blocked()
            await worker.say(WorkComplete(handle, b""))


async def test_sleepers_and_idle_connections_do_not_hold_it_up(open_one: OpenRunning) -> None:
    async with stoppable(open_one, grace=1000) as broker:
        idle, asleep = await broker.peer(), await broker.peer(b"f")
        await asleep.fall_asleep()
        await broker.stop()
        await broker.stopped()
        assert [await idle.is_hung_up_on(), await asleep.is_hung_up_on()] == [[], []]


async def test_a_job_whose_claim_is_answered_when_we_leave_is_given_back_and_not_begun(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with (
        open_proxy(Trap(shared_server.port)) as trap,
        stoppable(open_one, redis=f"redis://127.0.0.1:{trap.port}") as broker,
    ):
        client, worker = await broker.peer(), await broker.peer(b"f")
        handle = await client.submit_background(b"f", b"x")
        trap.arm(CLAIM, Point.DONE)
        await worker.say(GrabJob())
        with trio.fail_after(PATIENCE_SECONDS):
            await trap.sprung.wait()
        await broker.stop()
        trap.release()
        assert await worker.hear() == NoJob()
        await broker.stopped()
    async with open_one() as next_one:
        assert (await (await next_one.worker(b"f")).grab()).handle == handle


async def test_jobs_whose_claims_are_answered_when_we_leave_go_back_in_their_order(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with stoppable(open_one, presence_ttl=PATIENCE_SECONDS * 10) as broker:
        client = await broker.peer()
        for number in JOBS:
            await client.submit_background(b"f", number)
        workers = [await broker.peer(b"f") for _ in JOBS]
        with standing_still(shared_server):
            asked = 0
            for worker in workers:
                await worker.say(GrabJob())
                asked = await broker.asks_more_than(asked)
            await broker.stop()
        assert [await worker.hear() for worker in workers] == [NoJob() for _ in JOBS]
        await broker.stopped()
    async with open_one() as next_one:
        assert await all_in_order(next_one) == JOBS


async def test_jobs_that_are_handed_out_when_we_leave_go_back_in_their_order(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with stoppable(open_one, presence_ttl=PATIENCE_SECONDS * 10) as broker:
        client, workers = await broker.peer(), [await broker.peer(b"f") for _ in JOBS]
        for worker in workers:
            await worker.fall_asleep()
        with standing_still(shared_server):
            asked = 0
            for number in JOBS:
                await client.say(SubmitJob(b"f", b"", number, background=True))
                asked = await broker.asks_more_than(asked)
            await broker.stop()
        for _ in JOBS:
            await client.expect(JobCreated)
        await broker.stopped()
    async with open_one() as next_one:
        assert await all_in_order(next_one) == JOBS
