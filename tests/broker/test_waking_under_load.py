"""Many workers, functions and brokers at once: every job is done, once, and none lies beside a sleeper."""

import random
from collections import Counter
from contextlib import AsyncExitStack

import pytest
import trio

from protocol import CanDo, GrabJobAll, JobAssignUniq, NoJob, Noop, PreSleep, Priority, SubmitJob, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.broker.running import OpenRunning, Running

FUNCTIONS = (b"f", b"g", b"h")
JOBS = 300
MANY = 200
"""More than the notices that a burst of jobs is announced with."""


class Ledger:
    """What was done, and when it was all."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.done: Counter[bytes] = Counter()
        self.all_done = trio.Event()

    def note(self, payload: bytes) -> None:
        """This was done."""
        self.done[payload] += 1
        if len(self.done) == self._jobs:
            self.all_done.set()

    async def wait(self) -> None:
        """Wait until all is done."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self.all_done.wait()


async def work(worker: Peer, ledger: Ledger) -> None:
    """Do jobs as workers do, until the connection ends."""
    while True:
        while isinstance(job := await worker.ask(GrabJobAll()), JobAssignUniq):
            await worker.say(WorkComplete(job.handle, b""))
            ledger.note(job.payload)
        assert job == NoJob()
        assert await worker.ask(PreSleep()) == Noop()


async def work_with_whims(address: tuple[str, int], ledger: Ledger, whims: random.Random) -> None:
    """A worker that now and then leaves when woken, sleeps again, or learns its functions anew; then comes back."""
    while True:
        async with open_peer(address) as worker:
            await worker.say(*(CanDo(name) for name in whims.sample(FUNCTIONS, whims.randint(1, 3))))
            for _ in range(whims.randint(1, 20)):
                answer = await worker.ask(GrabJobAll())
                if isinstance(answer, JobAssignUniq):
                    await worker.say(WorkComplete(answer.handle, b""))
                    ledger.note(answer.payload)
                    continue
                assert await worker.ask(PreSleep()) == Noop()
                if whims.random() < 0.3:
                    assert await worker.ask(PreSleep()) == Noop()
                if whims.random() < 0.3:
                    break
            # What it said last must be heard before it hangs up, or it may be taken for lost with its job.
            await worker.say(PreSleep())
            await worker.heard()


async def submit(client: Peer, number: int, size: int, whims: random.Random) -> None:
    """One job of any function and priority."""
    payload = b"%d " % number + b"x" * size
    priority = whims.choice(list(Priority))
    await client.say(SubmitJob(whims.choice(FUNCTIONS), b"", payload, priority, background=True))
    await client.hear()


@pytest.mark.parametrize("size", [0, 70_000])
async def test_jobs_of_two_brokers_are_all_done_once(open_one: OpenRunning, size: int) -> None:
    ledger, whims = Ledger(JOBS), random.Random(size)
    async with open_one() as here, open_one() as there, trio.open_nursery() as nursery:
        clients = [await here.peer(), await there.peer()]
        for one in (here, there):
            for _ in range(3):
                nursery.start_soon(work, await one.worker(*FUNCTIONS), ledger)
        for number in range(JOBS):
            await submit(clients[number % 2], number, size, whims)
        await ledger.wait()
        nursery.cancel_scope.cancel()
    assert set(ledger.done.values()) == {1}


@pytest.mark.parametrize("seed", range(3))
async def test_no_job_is_left_beside_a_sleeper_whatever_woken_workers_do(open_one: OpenRunning, seed: int) -> None:
    ledger, whims = Ledger(JOBS), random.Random(seed)
    async with open_one() as here, open_one() as there, AsyncExitStack() as stack:
        nursery = await stack.enter_async_context(trio.open_nursery())
        clients = [await here.peer(), await there.peer()]
        steady = await here.worker(*FUNCTIONS)
        nursery.start_soon(work, steady, ledger)
        for one in (here, there):
            for number in range(3):
                nursery.start_soon(work_with_whims, one.address, ledger, random.Random(f"{seed} {number}"))
        for number in range(JOBS):
            await submit(clients[number % 2], number, 0, whims)
        await ledger.wait()
        nursery.cancel_scope.cancel()


async def test_a_herd_is_woken_one_by_one(open_one: OpenRunning) -> None:
    async with open_one() as one:
        herd = [await one.sleeper(b"f") for _ in range(50)]
        client = await one.peer()
        for _ in range(5):
            await client.submit_background(b"f", b"x")
        assert await woken(one, herd) == 5


async def woken(one: Running, herd: list[Peer]) -> int:
    """How many of these have heard a NOOP."""
    return sum([len(await peer.heard()) for peer in herd])


async def test_more_sleepers_than_there_are_notices_are_all_woken(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there, trio.open_nursery() as nursery:
        ledger = Ledger(MANY)
        for _ in range(MANY):
            nursery.start_soon(take_one, await here.sleeper(b"f"), ledger)
        client = await there.peer()
        await client.say(*(SubmitJob(b"f", b"", b"%d" % n, background=True) for n in range(MANY)))
        await ledger.wait()


async def take_one(worker: Peer, ledger: Ledger) -> None:
    """Take one job and keep it."""
    assert await worker.hear() == Noop()
    ledger.note((await worker.take()).payload)
