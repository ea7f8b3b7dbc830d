"""--durability replica:N: a background job is accepted when so many replicas have it; nothing else waits for them."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trio

from broker.app import open_broker
from broker.settings import Settings
from persistence import StoreRefusedError
from persistence.keys import Keys, digest_of
from protocol import (
    Error,
    ErrorCode,
    GetStatus,
    GetStatusUnique,
    JobCreated,
    Noop,
    StatusRes,
    StatusResUnique,
    SubmitJob,
    WorkComplete,
)
from tests.broker.firm_trips import counting
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.broker.running import Running, impatient, open_running
from tests.broker.test_main_errors import broker as command
from tests.faults.proxy import Proxy, open_proxy
from tests.persistence.pipes import until
from tests.servers import READY, MakeServer, RedisServer, find_engine

NO_DELAY = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0")
PATIENT = 0.4
"""Seconds a submit waits for replicas that do not come."""
A_LONG_TIME = 1000.0

prefixes = (f"t{number}" for number in itertools.count())


@pytest.fixture(scope="module", params=["redis", "valkey"])
def servers(request: pytest.FixtureRequest) -> Iterator[tuple[RedisServer, RedisServer]]:
    """A server and its replica, for all tests that do them no lasting harm."""
    name: str = request.param
    master = RedisServer(find_engine(name), *NO_DELAY)
    master.start()
    replica = RedisServer(find_engine(name), *NO_DELAY, *replica_of(master))
    replica.start()
    yield master, replica
    for server in (replica, master):
        server.clean_up()


def replica_of(master: RedisServer) -> tuple[str, ...]:
    return ("--replicaof", "127.0.0.1", str(master.port))


@pytest.fixture
def master(servers: tuple[RedisServer, RedisServer]) -> RedisServer:
    return servers[0]


@pytest.fixture
def replica(servers: tuple[RedisServer, RedisServer]) -> Iterator[RedisServer]:
    """The replica, which a test may pause."""
    yield servers[1]
    servers[1].resume()


@pytest.fixture
def settings(master: RedisServer, tmp_path: Path) -> Settings:
    """Under keys of the test alone."""
    return Settings(
        port=0,
        redis=master.url,
        redis_prefix=next(prefixes),
        data_dir=tmp_path,
        durability="replica:1",
        presence_ttl=A_LONG_TIME,
    )


@pytest.fixture
async def one(settings: Settings, replica: RedisServer) -> AsyncIterator[Running]:
    """A broker that wants each job on the replica."""
    async with open_running(settings) as running:
        yield running


def with_patience(settings: Settings, seconds: float = PATIENT) -> Settings:
    return settings.model_copy(update={"store_timeout": seconds})


def jobs_in(server: RedisServer, settings: Settings) -> int:
    keys = Keys(settings.redis_prefix.encode())
    number: int = server.client().hlen(keys.jobs(keys.tag(digest_of(b"f"))))
    return number


def a_job(payload: bytes = b"x", unique: bytes = b"") -> SubmitJob:
    return SubmitJob(b"f", unique, payload, background=True)


async def refusal(client: Peer, job: SubmitJob) -> str:
    """The text with which this job is refused."""
    answer = await client.ask(job)
    assert isinstance(answer, Error)
    assert answer.code == ErrorCode.QUEUE_ERROR
    return answer.text.decode()


async def test_an_accepted_job_is_on_the_replica(one: Running, replica: RedisServer) -> None:
    client = await one.peer()
    for number in range(1, 21):
        await client.submit_background(b"f", b"x")
        assert jobs_in(replica, one.broker.settings) == number


async def test_a_job_that_no_replica_confirms_is_refused_in_time_and_all_goes_on_when_it_is_back(
    settings: Settings, replica: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_running(with_patience(settings)) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        replica.pause()
        began = trio.current_time()
        told = await refusal(client, a_job(b"refused"))
        assert told == (
            "the store is not available: only 0 of 1 replica confirmed the job in time; it may run all the same"
        )
        assert PATIENT <= trio.current_time() - began < PATIENCE_SECONDS / 2
        assert isinstance(await client.ask(a_job(b"refused, too")), Error)
        replica.resume()
        with trio.fail_after(PATIENCE_SECONDS):
            while not isinstance(await client.ask(a_job(b"accepted")), JobCreated):
                pass  # it must catch up first
        ran = [(await worker.take()).payload for _ in range(3)]
        assert ran == [b"refused", b"refused, too", b"accepted"]
    (line,) = [text for record in caplog.records if "cannot be stored" in (text := record.getMessage())]
    assert line == (
        "jobs cannot be stored: only 0 of 1 replica confirmed the job in time; it may run all the same; bring its "
        "replicas back, or ask for fewer by --durability. Clients that submit get an ERROR until it is healed"
    )


async def test_a_replica_that_is_back_in_time_costs_nothing_but_the_wait(one: Running, replica: RedisServer) -> None:
    client = await one.peer()
    replica.pause()
    await client.say(a_job())
    await until_taken(one)
    replica.resume()
    assert isinstance(await client.hear(), JobCreated)


async def until_taken(one: Running, number: int = 1) -> None:
    """Wait until Redis has taken so many jobs, whatever its replicas have."""
    with trio.fail_after(PATIENCE_SECONDS):
        while sum((await one.broker.store.asking.counts_of([b"f"]))[0].queued) < number:
            pass


async def test_claims_and_results_do_not_wait_for_replicas(one: Running, replica: RedisServer) -> None:
    client, caller, worker = await one.peer(), await one.peer(), await one.sleeper(b"f")
    replica.pause()
    await client.say(a_job(b"background"))
    assert await worker.hear() == Noop()
    job = await worker.take()
    assert job.payload == b"background"
    handle = await caller.submit(b"f", b"call")
    await worker.say(WorkComplete(job.handle, b""))
    called = await worker.take()
    assert called.handle == handle
    await worker.say(WorkComplete(handle, b"result"))
    assert await caller.hear() == WorkComplete(handle, b"result")
    assert one.broker.store.function(b"f").unanswered, "the replica had it after all"
    replica.resume()
    assert isinstance(await client.hear(), JobCreated)


async def test_a_function_may_differ(settings: Settings, replica: RedisServer) -> None:
    fields = {"durability": "memory", "function_durability": ("f=replica:1",)}
    async with open_running(with_patience(settings.model_copy(update=fields))) as one:
        client = await one.peer()
        replica.pause()
        assert await client.submit_background(b"g", b"x")
        assert "only 0 of 1 replica" in await refusal(client, a_job())
        replica.resume()


async def test_a_function_may_be_left_out(settings: Settings, replica: RedisServer) -> None:
    async with open_running(settings.model_copy(update={"function_durability": ("g=replica:0",)})) as one:
        client = await one.peer()
        replica.pause()
        assert await client.submit_background(b"g", b"x")
        replica.resume()


async def test_functions_that_want_more_do_not_keep_others_waiting(settings: Settings, replica: RedisServer) -> None:
    async with open_running(settings) as one:
        wants_more = one.broker.store.function(b"g")
        wants_more.replicas = 2  # as if there had been two when the broker started
        client, other = await one.peer(), await one.peer()
        await client.say(SubmitJob(b"g", b"", b"x", background=True))
        for _ in range(2):
            assert await other.submit_background(b"f", b"x")
        assert wants_more.unanswered
        wants_more.replicas = 1
        assert isinstance(await client.hear(), JobCreated)


def test_too_few_replicas_are_refused_at_start(master: RedisServer, tmp_path: Path) -> None:
    url = f"{master.url}?socket_connect_timeout=0.5"
    ended = command("--durability=replica:2", f"--redis={url}", "--port=0", f"--data-dir={tmp_path}")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "trio-gearman: --durability wants jobs on 2 replicas before they are accepted, and Redis at "
        f"127.0.0.1:{master.port} reaches 1: connect more replicas to it, or ask for fewer"
    ]


async def test_replicas_that_come_while_it_starts_are_enough(make_server: MakeServer, tmp_path: Path) -> None:
    master = make_server(*NO_DELAY)
    master.start()
    settings = Settings(port=0, redis=master.url, data_dir=tmp_path, durability="replica:1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, make_server(*NO_DELAY, *replica_of(master)).start, READY)
        async with open_running(settings) as one:
            assert await (await one.peer()).submit_background(b"f", b"x")


async def test_a_user_who_may_not_wait_is_refused_at_start(
    settings: Settings, master: RedisServer, replica: RedisServer
) -> None:
    master.client().execute_command("ACL", "SETUSER", "shop", "on", "nopass", "~*", "&*", "+@all", "-wait")
    shop = settings.model_copy(update={"redis": f"redis://shop@127.0.0.1:{master.port}"})
    with pytest.raises(StoreRefusedError, match=r"NOPERM .*'wait'"):
        async with open_running(shop):
            pytest.fail("it works")


async def test_all_submits_of_a_pass_cost_one_wait_and_one_trip(one: Running) -> None:
    client = await one.peer()
    for function in (b"f", b"g"):
        await client.submit_background(function, b"x")
    with counting(one) as trips:
        await client.say(*(SubmitJob(b"fg"[n % 2 :][:1], b"", b"x", background=True) for n in range(100)))
        for _ in range(100):
            await client.expect(JobCreated)
    assert trips.firm == (1, 3)  # the jobs of f, those of g, and WAIT
    assert trips.first == (0, 0)


async def test_who_waits_for_the_end_waits_for_no_replica(one: Running) -> None:
    client = await one.peer()
    await client.submit(b"f", b"x")
    with counting(one) as trips:
        await client.submit(b"f", b"x")
    assert trips.firm == (1, 1)


async def test_a_client_reads_what_it_has_written(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    for number in range(10):
        # A unique that is submitted again after its answer is another job.
        handle = await client.submit(b"f", b"%d" % number, b"u")
        job = await worker.take()
        assert (job.handle, job.payload) == (handle, b"%d" % number)
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0, 0)
        await worker.say(WorkComplete(handle, b"%d" % number))
        assert await client.hear() == WorkComplete(handle, b"%d" % number)
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
        assert await client.ask(GetStatusUnique(b"u")) == StatusResUnique(b"u", False, False, 0, 0, 0)


async def test_a_lost_connection_confirms_nothing(one: Running, master: RedisServer, replica: RedisServer) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    replica.pause()
    await client.say(a_job(unique=b"u"))
    await until_taken(one)
    firm = one.broker.store.firm
    assert firm is not None
    master.client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: firm.pipe.statistics().connects == 2)
    replies = firm.pipe.statistics().replies
    await until(lambda: firm.pipe.statistics().replies > replies)
    assert one.broker.store.function(b"f").unanswered
    replica.resume()
    created = await client.expect(JobCreated)
    job = await worker.take()
    assert job.handle == created.handle
    await worker.say(WorkComplete(job.handle, b""))
    assert await worker.finds_nothing()


@pytest.mark.parametrize("times", [1, 70_000], ids=["small", "large"])
async def test_a_job_that_the_next_master_never_got_is_stored_there_before_it_is_accepted(
    make_server: MakeServer, tmp_path: Path, times: int
) -> None:
    master, heir = make_server(*NO_DELAY), make_server(*NO_DELAY)
    master.start()
    heir.start()
    make_server(*NO_DELAY, *replica_of(heir)).start()
    async with open_proxy(Proxy(master.port)) as proxy, open_proxy(Proxy(master.port)) as replication:
        heir.client().replicaof("127.0.0.1", replication.port)
        settings = Settings(
            port=0,
            redis=f"redis://127.0.0.1:{proxy.port}",
            data_dir=tmp_path,
            durability="replica:1",
            store_timeout=PATIENCE_SECONDS,
        )
        async with open_running(settings) as one:
            client, worker = await one.peer(), await one.worker(b"f")
            await client.submit_background(b"f", b"before", b"u0")
            replication.reachable = False
            replication.cut()
            await client.say(*(a_job(b"%d" % number * times, b"u%d" % number) for number in range(1, 4)))
            await until_taken(one, 4)
            master.kill()
            heir.client().replicaof("NO", "ONE")
            assert jobs_in(heir, settings) == 1
            proxy.lead_to(heir.port)
            handles = [(await client.expect(JobCreated)).handle for _ in range(3)]
            ran = [await worker.take() for _ in range(4)]
            assert [job.payload for job in ran] == [b"before", *(b"%d" % number * times for number in range(1, 4))]
            assert [job.handle for job in ran[1:]] == handles
            await worker.say(*(WorkComplete(job.handle, b"") for job in ran))
            assert await worker.finds_nothing()
            for number in range(4):
                asked = await client.ask(GetStatusUnique(b"u%d" % number))
                assert isinstance(asked, StatusResUnique)
                assert not asked.known


async def test_a_stop_tells_what_became_of_what_was_handed_in(
    settings: Settings, master: RedisServer, replica: RedisServer
) -> None:
    async with AsyncExitStack() as peers:
        async with open_broker(settings) as broker:
            client = await peers.enter_async_context(open_peer(broker.addresses[0]))
            await client.say(*map(a_job, [b"x"] * 50))
            await until(lambda: broker.store.function(b"f").last_number == 50)
        for _ in range(50):
            await client.expect(JobCreated)
    assert jobs_in(master, settings) == jobs_in(replica, settings) == 50


async def test_who_waits_in_vain_for_the_pipe_that_wants_replicas_leaves_no_job(
    one: Running, settings: Settings, master: RedisServer
) -> None:
    client = await one.peer()
    handle = await client.submit_background(b"f", b"stays")
    keys = Keys(settings.redis_prefix.encode())
    latch = keys.tag(digest_of(b"f")) + b":latch"
    one.broker.store.link.firm.post([b"BLPOP", latch, 0], lambda reply: None)  # what is sent there waits behind it
    with impatient(one):
        await client.say(*[SubmitJob(b"f", unique, b"refused") for unique in (b"", b"unique")])
        for _ in range(2):
            assert (await client.expect(Error)).code == ErrorCode.QUEUE_ERROR
    await one.settled()  # the other pipe has done all that it was asked
    master.client().rpush(latch, b"open")
    await one.until(lambda: not one.broker.detaching)
    assert jobs_in(master, settings) == 1
    worker = await one.worker(b"f")
    assert (await worker.grab()).handle == handle
    assert await worker.finds_nothing()
