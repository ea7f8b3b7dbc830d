"""What gearmand with its Redis queue loses, changes or does twice over a kill and a restart, and this broker does not.

Real processes, ended by SIGKILL. The embedded store lives on as it would on a user's machine, unless the test is
about its own end.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from protocol import (
    Error,
    GetStatus,
    GrabJobAll,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    PreSleep,
    StatusRes,
    SubmitJob,
    SubmitJobEpoch,
    WorkComplete,
    WorkFail,
    WorkStatus,
)
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.persistence.embedded_homes import kill_store
from tests.processes import BrokerProcess
from tests.servers import RedisServer

PHP_SERIALIZED = b'O:4:"Mail":1:{s:10:"\0Mail\0body";s:3:"a\0b";}'


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("g")


@pytest.fixture
def broker(home: Path) -> Iterator[BrokerProcess]:
    with BrokerProcess(home / "data") as running:
        yield running


def kill_and_start(broker: BrokerProcess) -> None:
    """What a crash is, as its users see it."""
    broker.kill9()
    broker.start()


@asynccontextmanager
async def peers_of(broker: BrokerProcess, *functions: bytes) -> AsyncIterator[Peer]:
    """A connection that can do these functions."""
    async with open_peer((broker.host, broker.port)) as peer:
        await peer.can_do(*functions)
        yield peer


async def test_a_payload_with_nul_bytes_survives_a_kill_unchanged(broker: BrokerProcess) -> None:
    async with peers_of(broker) as client:
        handle = await client.submit_background(b"f", PHP_SERIALIZED)
    kill_and_start(broker)
    async with peers_of(broker, b"f") as worker:
        job = await worker.take()
        assert (job.handle, job.payload) == (handle, PHP_SERIALIZED)


async def test_a_thousand_jobs_keep_their_order_over_a_kill(broker: BrokerProcess) -> None:
    async with peers_of(broker) as client:
        await client.say(*(SubmitJob(b"f", b"", b"%d" % n, background=True) for n in range(1000)))
        for _ in range(1000):
            await client.expect(JobCreated)
    kill_and_start(broker)
    async with peers_of(broker, b"f") as worker:
        payloads = []
        for _ in range(1000):
            job = await worker.take()
            await worker.say(WorkComplete(job.handle, b""))
            payloads.append(int(job.payload))
    assert payloads == list(range(1000))


async def test_a_foreground_job_that_a_background_submit_has_joined_survives_a_kill(broker: BrokerProcess) -> None:
    async with peers_of(broker) as waiting, peers_of(broker) as client:
        handle = await waiting.submit(b"f", b"first", b"u")
        alone = await waiting.submit(b"f", b"for its client alone", b"v")
        assert await client.submit_background(b"f", b"second", b"u") == handle
        kill_and_start(broker)
    async with peers_of(broker, b"f") as worker:
        job = await worker.take()
        assert (job.handle, job.payload) == (handle, b"first")
        assert await worker.finds_nothing()
        assert await worker.ask(GetStatus(alone)) == StatusRes(alone, False, False, 0, 0)


async def test_jobs_without_a_unique_or_with_a_hyphen_all_survive_a_kill(broker: BrokerProcess) -> None:
    submits = [(b"", b"same"), (b"", b"same"), (b"-", b"one"), (b"-", b"two"), (b"-", b""), (b"-", b"")]
    async with peers_of(broker) as client:
        handles = [await client.submit_background(b"f", payload, unique) for unique, payload in submits]
    assert len(set(handles)) == len(submits)
    kill_and_start(broker)
    async with peers_of(broker, b"f") as worker:
        jobs = [await worker.take() for _ in submits]
        assert [(job.handle, job.unique, job.payload) for job in jobs] == [
            (handle, unique, payload) for handle, (unique, payload) in zip(handles, submits, strict=True)
        ]
        assert await worker.finds_nothing()


async def test_a_delayed_job_survives_a_kill_and_runs_when_it_is_due(broker: BrokerProcess) -> None:
    async with peers_of(broker) as client:
        due = int(time.time()) + 3
        created = await client.ask(SubmitJobEpoch(b"f", b"", due, b"x"))
        assert isinstance(created, JobCreated)
    kill_and_start(broker)
    async with peers_of(broker, b"f") as worker:
        assert await worker.ask(GetStatus(created.handle)) == StatusRes(created.handle, True, False, 0, 0)
        assert (await worker.take()).handle == created.handle
        assert time.time() >= due


async def handles_of(broker: BrokerProcess, number: int) -> list[bytes]:
    """Submits so many jobs."""
    async with peers_of(broker) as client:
        return [await client.submit_background(b"f", b"x") for _ in range(number)]


async def test_no_handle_is_given_out_twice_over_kills_and_an_emptied_store(
    make_server: Callable[..., RedisServer], home: Path
) -> None:
    server = make_server()
    server.start()
    with BrokerProcess(home / "data", "--redis", server.unix_url) as broker:
        handles = await handles_of(broker, 100)
        kill_and_start(broker)
        handles += await handles_of(broker, 100)
        server.client().flushall()
        handles += await handles_of(broker, 100)
        broker.kill9()
        server.client().flushall()
        broker.start()
        handles += await handles_of(broker, 100)
        assert len(set(handles)) == 400
        async with peers_of(broker) as client:
            assert await client.ask(GetStatus(handles[0])) == StatusRes(handles[0], False, False, 0, 0)


async def test_progress_is_known_after_the_broker_that_told_it_was_killed(broker: BrokerProcess, home: Path) -> None:
    with BrokerProcess(home / "data") as other:
        async with peers_of(other, b"f") as worker, peers_of(broker) as client:
            handle = await client.submit_background(b"f", b"x")
            await worker.take()
            await worker.say(WorkStatus(handle, b"2", b"5"))
            assert await worker.heard() == []
            assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 2, 5)
            kill_and_start(broker)
            async with peers_of(broker) as again:
                assert await again.ask(GetStatus(handle)) == StatusRes(handle, True, True, 2, 5)


async def test_attempts_are_counted_on_over_a_kill(home: Path) -> None:
    with BrokerProcess(home / "data", "-j", "2") as broker:
        async with peers_of(broker) as client:
            handle = await client.submit_background(b"f", b"x", b"u")
        await take_and_die(broker, handle)
        kill_and_start(broker)
        async with peers_of(broker) as waiting:
            assert await waiting.submit(b"f", b"x", b"u") == handle
            await take_and_die(broker, handle)
            assert await waiting.hear() == WorkFail(handle)


async def take_and_die(broker: BrokerProcess, handle: bytes) -> None:
    """Be a worker that this job kills; when this returns, the broker knows."""
    async with peers_of(broker) as watcher:
        async with peers_of(broker, b"f") as worker:
            assert (await worker.take()).handle == handle
        with trio.fail_after(PATIENCE_SECONDS):
            while await watcher.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0, 0):
                pass


async def test_two_brokers_on_one_store_run_each_job_once(broker: BrokerProcess, home: Path) -> None:
    done: Counter[bytes] = Counter()
    with BrokerProcess(home / "data") as other:
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            clients = [await stack.enter_async_context(peers_of(each)) for each in (broker, other)]
            workers = [
                await stack.enter_async_context(peers_of(each, b"f")) for each in (broker, other) for _ in range(2)
            ]
            finished = trio.Event()
            for worker in workers:
                nursery.start_soon(work_until, worker, done, 200, finished)
            for number in range(200):
                await clients[number % 2].submit_background(b"f", b"%d" % number)
            with trio.fail_after(PATIENCE_SECONDS):
                await finished.wait()
            nursery.cancel_scope.cancel()
        async with peers_of(broker, b"f") as last:
            assert await last.finds_nothing()
    assert done == Counter({b"%d" % number: 1 for number in range(200)})


async def work_until(worker: Peer, done: Counter[bytes], number: int, finished: trio.Event) -> None:
    """Does jobs as workers do, and tells when so many are done by all together."""
    while True:
        while isinstance(job := await worker.ask(GrabJobAll()), JobAssignUniq):
            await worker.say(WorkComplete(job.handle, b""))
            done[job.payload] += 1
            if done.total() == number:
                finished.set()
        assert job == NoJob()
        assert await worker.ask(PreSleep()) == Noop()


async def test_what_was_accepted_is_there_after_a_kill_of_the_embedded_store_itself(
    broker: BrokerProcess,
) -> None:
    async with peers_of(broker, b"f") as peer:
        accepted = [await peer.submit_background(b"f", b"%d" % number) for number in range(100)]
        await kill_store(broker.data_dir)
        # The broker starts it again by itself; until then it says that it cannot store.
        with trio.fail_after(PATIENCE_SECONDS):
            while isinstance(await peer.ask(SubmitJob(b"f", b"", b"last", background=True)), Error):
                pass
        assert [(await peer.take()).handle for _ in accepted] == accepted


async def test_what_was_accepted_is_there_after_a_kill_of_everything(broker: BrokerProcess) -> None:
    async with peers_of(broker) as client:
        accepted = [await client.submit_background(b"f", b"%d" % number) for number in range(100)]
        broker.kill9()
        await kill_store(broker.data_dir)
    broker.start()
    async with peers_of(broker, b"f") as worker:
        assert [(await worker.take()).handle for _ in accepted] == accepted
