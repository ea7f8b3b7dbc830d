"""--durability replica:N on a cluster: the replicas that count are those of the node that has the function."""

import itertools
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from persistence.cluster.topology import slot_of
from persistence.keys import Keys, digest_of
from protocol import (
    Error,
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
from tests.broker.peers import PATIENCE_SECONDS
from tests.broker.running import OpenRunning, Running, open_running
from tests.broker.test_main_errors import broker as command
from tests.clusters import Cluster, Move, cut_off, let_in, wait_for
from tests.faults.traces import nothing_is_left
from tests.persistence.pipes import until
from tests.servers import RedisServer

PATIENT = 0.4
"""Seconds a submit waits for replicas that do not come."""
A_LONG_TIME = 1000.0

prefixes = (f"t{number}" for number in itertools.count())


@pytest.fixture
def cluster(mortal_cluster: Cluster) -> Iterator[Cluster]:
    """Three primaries with a replica each, whole again, whatever the last test did to it."""
    mortal_cluster.mend()
    yield mortal_cluster
    for node in mortal_cluster.nodes:
        if node.paused:
            node.resume()
        if node.runs:
            let_in(node)


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Settings:
    """Under keys of the test alone."""
    return Settings(
        port=0,
        redis=cluster.url,
        redis_prefix=next(prefixes),
        data_dir=tmp_path,
        durability="replica:1",
        presence_ttl=A_LONG_TIME,
    )


@pytest.fixture
def open_one(settings: Settings) -> OpenRunning:
    """Opens a broker that wants each job on a replica."""

    def open_with(**fields: object) -> AbstractAsyncContextManager[Running]:
        return open_running(settings.model_copy(update=fields))

    return open_with


class Site:
    """Where functions are in a cluster."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._keys = Keys(settings.redis_prefix.encode())

    def tag(self, function: bytes) -> bytes:
        return self._keys.tag(digest_of(function))

    def node(self, function: bytes) -> RedisServer:
        return self._cluster.owner(self.tag(function))

    def replica(self, function: bytes) -> RedisServer:
        return self._cluster.replica_of(self.node(function))

    def function_at(self, node: RedisServer, *, but: tuple[bytes, ...] = ()) -> bytes:
        names = (b"f%d" % number for number in itertools.count())
        return next(name for name in names if name not in but and self.node(name) is node)

    def jobs_in(self, server: RedisServer, function: bytes) -> int:
        client = server.client()
        client.execute_command("READONLY")
        number: int = client.execute_command("HLEN", self._keys.jobs(self.tag(function)))
        return number


@pytest.fixture
def site(cluster: Cluster, settings: Settings) -> Site:
    return Site(cluster, settings)


def a_job(function: bytes, payload: bytes = b"x", unique: bytes = b"") -> SubmitJob:
    return SubmitJob(function, unique, payload, background=True)


async def until_taken(one: Running, function: bytes, number: int = 1) -> None:
    """Wait until the node has taken so many jobs, whatever its replica has."""
    await until(lambda: one.broker.store.function(function).last_number >= number)
    with trio.fail_after(PATIENCE_SECONDS):
        while sum((await one.broker.store.asking.counts_of([function]))[0].queued) < number:
            pass
    await one.settled()


async def until_waited(one: Running) -> None:
    """Wait until a WAIT that left by now has been answered, by however few."""
    firm = one.broker.store.firm
    assert firm is not None
    replies = firm.pipe.statistics().replies
    await until(lambda: firm.pipe.statistics().replies >= replies + 2)


async def test_an_accepted_job_is_on_the_replica_of_its_node(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    functions = [site.function_at(node) for node in cluster.primaries()]
    async with open_one() as one:
        client = await one.peer()
        for number, function in itertools.product(range(1, 6), functions):
            await client.submit_background(function, b"x")
            assert site.jobs_in(site.replica(function), function) == number


async def test_a_job_that_no_replica_confirms_is_refused_and_functions_elsewhere_or_without_go_on(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    node, other = cluster.primaries()[:2]
    firm, elsewhere = site.function_at(node), site.function_at(other)
    light = site.function_at(node, but=(firm,))
    replica = cluster.replica_of(node)
    async with open_one(function_durability=(f"{light.decode()}=replica:0",), store_timeout=PATIENT) as one:
        client, worker = await one.peer(), await one.worker(firm)
        replica.pause()
        answer = await client.ask(a_job(firm, b"refused"))
        assert isinstance(answer, Error)
        assert answer.text == (
            b"the store is not available: only 0 of 1 replica confirmed the job in time; it may run all the same"
        )
        assert isinstance(await client.ask(a_job(light)), JobCreated)
        assert isinstance(await client.ask(a_job(elsewhere)), JobCreated)
        job = await worker.take()  # claims and ends wait for nobody
        assert job.payload == b"refused"
        await worker.say(WorkComplete(job.handle, b""))
        assert await worker.finds_nothing()
        replica.resume()
        with trio.fail_after(PATIENCE_SECONDS):
            while not isinstance(await client.ask(a_job(firm, b"accepted")), JobCreated):
                pass  # it must catch up first
        assert (await worker.take()).payload == b"accepted"


async def test_a_sleeper_looks_for_work_when_its_function_is_at_another_node(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    async with open_one() as one:
        client, worker = await one.peer(), await one.worker(b"f")
        await client.submit_background(b"f", b"x")
        job = await worker.take()
        await worker.say(WorkComplete(job.handle, b""))
        await worker.fall_asleep()
        move = cluster.begin_move(site.tag(b"f"))
        await trio.to_thread.run_sync(move.finish)
        await worker.expect(Noop)  # what was handed in meanwhile elsewhere was told to nobody here


async def test_all_submits_of_a_pass_cost_one_wait_and_one_trip_to_each_node(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    functions = [site.function_at(node) for node in cluster.primaries()[:2]]
    light = site.function_at(cluster.primaries()[2])
    async with open_one(function_durability=(f"{light.decode()}=replica:0",)) as one:
        client = await one.peer()
        for function in (*functions, light):
            await client.submit_background(function, b"x")
        await one.settled()
        with counting(one) as trips:
            await client.say(*(a_job(functions[number % 2]) for number in range(100)))
            for _ in range(100):
                await client.expect(JobCreated)
        assert trips.firm == (2, 4)  # at each node the jobs of its function, and WAIT
        assert trips.first == (0, 0)
        with counting(one) as trips:
            await client.submit_background(light, b"x")
        assert (trips.first, trips.firm) == ((1, 1), (0, 0))


async def test_a_client_reads_what_it_has_written(open_one: OpenRunning) -> None:
    async with open_one() as one:
        client, worker = await one.peer(), await one.worker(b"f")
        for number in range(10):
            # A unique that is submitted again after its answer is another job.
            handle = await client.submit(b"f", b"%d" % number, b"u")
            asked = await client.ask(GetStatusUnique(b"u"))
            assert isinstance(asked, StatusResUnique)
            assert asked.known
            job = await worker.take()
            assert (job.handle, job.payload) == (handle, b"%d" % number)
            assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0, 0)
            await worker.say(WorkComplete(handle, b"%d" % number))
            assert await client.hear() == WorkComplete(handle, b"%d" % number)
            assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
            asked = await client.ask(GetStatusUnique(b"u"))
            assert isinstance(asked, StatusResUnique)
            assert not asked.known


async def test_a_job_that_moves_is_confirmed_by_the_replicas_of_the_node_that_has_it_then(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    source = site.node(b"f")
    target = cluster.other_than(source)
    neighbour = site.function_at(source, but=(b"f",))
    async with open_one(store_timeout=A_LONG_TIME) as one:
        client, other, worker = await one.peer(), await one.peer(), await one.worker(b"f")
        for node in (source, target):
            cut_off(node)
        await client.say(*(a_job(b"f", b"%d" % number) for number in range(3)))
        await until_taken(one, b"f", 3)
        function = one.broker.store.function(b"f")
        move = Move(cluster, slot_of(site.tag(b"f")), source, target)
        await client.say(a_job(b"f", b"new"))
        await until(lambda: not one.broker.store.reaches(function))
        let_in(source)
        await other.submit_background(neighbour, b"x")  # what was written there by now is on its replica
        assert len(function.unanswered) == 4, "the node that they leave has confirmed them"
        await trio.to_thread.run_sync(move.finish)
        await until_taken(one, b"f", 4)
        await until_waited(one)
        assert len(function.unanswered) == 4, "who has not got them has confirmed them"
        let_in(target)
        created = [await client.expect(JobCreated) for _ in range(4)]
        ran = [await worker.take() for _ in range(4)]
        assert [job.payload for job in ran] == [b"0", b"1", b"2", b"new"]
        assert [job.handle for job in ran] == [each.handle for each in created]
        await worker.say(*(WorkComplete(job.handle, b"") for job in ran))
        assert await worker.finds_nothing()


async def test_a_lost_connection_confirms_nothing(open_one: OpenRunning, site: Site) -> None:
    node, replica = site.node(b"f"), site.replica(b"f")
    async with open_one(store_timeout=A_LONG_TIME) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        replica.pause()
        await client.say(a_job(b"f", unique=b"u"))
        await until_taken(one, b"f")
        firm = one.broker.store.firm
        assert firm is not None
        before = firm.pipe.statistics()
        node.client().client_kill_filter(_type="normal", skipme=True)
        await until(lambda: firm.pipe.statistics().connects > before.connects)
        await until(lambda: one.broker.store.reaches(one.broker.store.function(b"f")))
        await until_waited(one)
        assert one.broker.store.function(b"f").unanswered
        replica.resume()
        created = await client.expect(JobCreated)
        job = await worker.take()
        assert job.handle == created.handle
        await worker.say(WorkComplete(job.handle, b""))
        assert await worker.finds_nothing()


async def test_a_job_that_the_promoted_replica_never_got_is_stored_there_before_it_is_accepted(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    node = site.node(b"f")
    heir = cluster.replica_of(node)
    async with open_one(store_timeout=A_LONG_TIME) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        await client.submit_background(b"f", b"before", b"u0")
        cut_off(node)
        await client.say(*(a_job(b"f", b"%d" % number, b"u%d" % number) for number in range(1, 4)))
        await until_taken(one, b"f", 4)
        assert site.jobs_in(heir, b"f") == 1
        node.kill()
        await trio.to_thread.run_sync(wait_for, lambda: site.node(b"f") is heir)
        await until(lambda: site.jobs_in(heir, b"f") == 4)
        assert len(one.broker.store.function(b"f").unanswered) == 3, "no replica has them"
        await trio.to_thread.run_sync(node.start)
        handles = [(await client.expect(JobCreated)).handle for _ in range(3)]
        ran = [await worker.take() for _ in range(4)]
        assert [job.payload for job in ran] == [b"before", b"1", b"2", b"3"]
        assert [job.handle for job in ran[1:]] == handles
        await worker.say(*(WorkComplete(job.handle, b"") for job in ran))
        assert await worker.finds_nothing()
        nothing_is_left(cluster.client(), one.broker.settings.redis_prefix, b"f")


def test_a_primary_with_too_few_replicas_is_refused_at_start(shared_cluster: Cluster, tmp_path: Path) -> None:
    url = f"{shared_cluster.url}?socket_connect_timeout=0.5"
    ended = command("--durability=replica:1", f"--redis={url}", "--port=0", f"--data-dir={tmp_path}")
    assert ended.returncode == 1
    first = min(node.port for node in shared_cluster.nodes)
    assert ended.stderr.splitlines() == [
        "trio-gearman: --durability wants jobs on 1 replica before they are accepted, and Redis at "
        f"127.0.0.1:{first} reaches 0: connect more replicas to it, or ask for fewer"
    ]


async def test_a_node_that_gets_slots_later_and_has_no_replica_refuses_submits_and_nothing_else(
    open_one: OpenRunning, cluster: Cluster, site: Site
) -> None:
    source = site.node(b"f")
    target = cluster.other_than(source)
    replica = cluster.replica_of(target)
    async with open_one(store_timeout=PATIENT) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        await client.submit_background(b"f", b"before")
        replica.kill()
        move = Move(cluster, slot_of(site.tag(b"f")), source, target)
        await trio.to_thread.run_sync(move.finish)
        assert isinstance(await client.ask(a_job(b"f", b"refused")), Error)
        for payload in (b"before", b"refused"):
            job = await worker.take()
            assert job.payload == payload
            await worker.say(WorkComplete(job.handle, b""))
        assert await worker.finds_nothing()
