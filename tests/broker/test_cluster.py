"""Brokers on a cluster: functions are at several nodes, and nobody who speaks to a broker can tell."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from persistence.keys import digest_of
from protocol import (
    EchoReq,
    EchoRes,
    GetStatusUnique,
    JobCreated,
    Noop,
    PreSleep,
    StatusResUnique,
    SubmitJob,
    WorkComplete,
    WorkData,
)
from tests.broker.peers import PATIENCE_SECONDS
from tests.broker.running import OpenRunning, Running, open_running
from tests.clusters import Cluster, Move

FUNCTIONS = [b"f%d" % number for number in range(12)]


@pytest.fixture
def open_one(cluster: Cluster, tmp_path: Path) -> OpenRunning:
    """Opens a broker, or several on the same jobs."""

    def open_with(**fields: object) -> AbstractAsyncContextManager[Running]:
        return open_running(Settings.model_validate({"port": 0, "redis": cluster.url, "data_dir": tmp_path} | fields))

    return open_with


def begin_move(cluster: Cluster, one: Running, function: bytes) -> Move:
    return cluster.begin_move(one.broker.store.link.keys.tag(digest_of(function)))


def nodes_of(cluster: Cluster, one: Running) -> Iterator[int]:
    for function in FUNCTIONS:
        yield cluster.owner(one.broker.store.link.keys.tag(digest_of(function))).port


async def test_operators_see_the_functions_of_all_nodes(open_one: OpenRunning, cluster: Cluster) -> None:
    async with open_one() as one:
        assert set(nodes_of(cluster, one)) == {node.port for node in cluster.nodes}
        client = await one.peer()
        for function in FUNCTIONS:
            await client.submit_background(function, b"x", unique=b"u-" + function)
        status = await client.ask_in_text(b"status")
        assert status.splitlines() == [*sorted(b"%b\t1\t0\t0" % function for function in FUNCTIONS), b"."]
        assert len((await client.ask_in_text(b"show jobs")).splitlines()) == len(FUNCTIONS) + 1
        assert set((await client.ask_in_text(b"show unique jobs")).splitlines()) == {
            *(b"u-" + function for function in FUNCTIONS),
            b".",
        }
        assert (await client.ask_in_text(b"drop function f0")).startswith(b"ERR")
        worker = await one.worker(b"f0")
        job = await worker.grab()
        await worker.say(WorkComplete(job.handle, b""))
        await worker.leave()
        with trio.fail_after(PATIENCE_SECONDS):
            while not (await client.ask_in_text(b"drop function f0")).startswith(b"OK"):
                pass
        assert b"f0\t" not in await client.ask_in_text(b"status")


async def test_jobs_that_were_given_up_are_listed_and_revived_at_every_node(open_one: OpenRunning) -> None:
    async with open_one(job_retries=1) as one, open_one(job_retries=1) as other:
        client, handles = await one.peer(), {}
        for function in FUNCTIONS:
            handles[function] = await client.submit_background(function, function, unique=b"u")
            worker = await one.worker(function)
            await worker.grab()
            await worker.leave()
        await one.until(lambda: len(one.broker.sessions) == 1)
        listed = [line.split(b"\t")[:2] for line in (await client.ask_in_text(b"show dead")).splitlines()]
        assert listed == [*([handles[function], function] for function in sorted(FUNCTIONS)), [b"."]]
        admin, worker = await other.peer(), await one.sleeper(*FUNCTIONS)
        for function in FUNCTIONS:
            assert await admin.ask_in_text(b"revive job " + handles[function]) == b"OK\r\n"
            assert await worker.hear() == Noop()
            job = await worker.grab()
            assert (job.handle, job.payload) == (handles[function], function)
            await worker.say(WorkComplete(job.handle, b""))
            await worker.fall_asleep()
        assert await admin.ask_in_text(b"show dead") == b".\n"


async def test_of_jobs_with_the_same_unique_at_several_nodes_the_newest_is_told_of(open_one: OpenRunning) -> None:
    async with open_one() as one:
        client = await one.peer()
        unknown = await client.ask(GetStatusUnique(b"u"))
        assert isinstance(unknown, StatusResUnique)
        assert not unknown.known
        for function in FUNCTIONS:
            await client.submit_background(function, b"x", unique=b"u")
        worker = await one.worker(FUNCTIONS[-1])
        await worker.grab()
        status = await client.ask(GetStatusUnique(b"u"))
        assert isinstance(status, StatusResUnique)
        assert (status.known, status.running) == (True, True)


async def test_a_sleeper_is_woken_for_functions_of_every_node(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        worker = await one.sleeper(*FUNCTIONS)
        client = await other.peer()
        for function in FUNCTIONS:
            await client.submit_background(function, function)
            assert await worker.hear() == Noop()
            job = await worker.grab()
            assert job.payload == function
            await worker.say(WorkComplete(job.handle, b""))
            await worker.fall_asleep()


async def test_a_sleeper_is_woken_at_the_node_to_which_its_function_moved(
    open_one: OpenRunning, cluster: Cluster
) -> None:
    async with open_one() as one, open_one() as other:
        worker, client = await one.sleeper(b"f"), await other.peer()
        for number in range(2):
            await trio.to_thread.run_sync(begin_move(cluster, one, b"f").finish)
            await client.submit_background(b"f", b"%d" % number)
            assert await worker.hear() == Noop()
            job = await worker.grab()
            assert job.payload == b"%d" % number
            await worker.say(WorkComplete(job.handle, b""))
            await worker.fall_asleep()


async def test_who_waits_hears_all_of_a_job_whose_function_moves_meanwhile(
    open_one: OpenRunning, cluster: Cluster
) -> None:
    async with open_one() as one, open_one() as other:
        client, worker = await one.peer(), await other.worker(b"f")
        await client.say(SubmitJob(b"f", b"", b"x"))
        handle = (await client.expect(JobCreated)).handle
        job = await worker.take()
        await worker.say(WorkData(job.handle, b"before"))
        assert await client.hear() == WorkData(handle, b"before")
        move = begin_move(cluster, one, b"f")
        await worker.say(WorkData(job.handle, b"while"), WorkData(job.handle, b"it moves"))
        await trio.to_thread.run_sync(move.finish)
        await worker.say(WorkComplete(job.handle, b"done"))
        assert [await client.hear() for _ in range(3)] == [
            WorkData(handle, b"while"),
            WorkData(handle, b"it moves"),
            WorkComplete(handle, b"done"),
        ]


async def test_a_worker_is_not_held_up_by_one_of_its_functions_that_is_on_its_way(
    open_one: OpenRunning, cluster: Cluster
) -> None:
    async with open_one() as one:
        client, worker = await one.peer(), await one.worker(b"g", b"f")
        move = begin_move(cluster, one, b"f")
        await client.say(SubmitJob(b"f", b"", b"stuck", background=True))
        await one.until(lambda: not one.broker.store.reaches(one.broker.store.function(b"f")))
        other = await one.peer()
        await other.submit_background(b"g", b"goes on")
        job = await worker.take()
        assert job.payload == b"goes on"
        await worker.say(WorkComplete(job.handle, b""))
        assert await worker.finds_nothing()
        await worker.fall_asleep()
        await trio.to_thread.run_sync(move.finish)
        await client.expect(JobCreated)
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == b"stuck"


async def test_a_worker_is_not_woken_again_and_again_for_a_job_that_is_on_its_way(
    open_one: OpenRunning, cluster: Cluster
) -> None:
    async with open_one() as one:
        client, worker = await one.peer(), await one.sleeper(b"f")
        function = one.broker.store.function(b"f")
        node = cluster.owner(function.tag)
        function.may_be_full = False  # as after a job that was handed out
        node.pause()
        try:
            await client.say(SubmitJob(b"f", b"", b"x", background=True))
            assert await worker.hear() == Noop()
            one.broker.store.pipe.bring_back(function.tag)  # as when its slot moves; nobody answers for it now
            assert await worker.finds_nothing()
            assert await worker.ask(PreSleep(), EchoReq(b"sleeps")) == EchoRes(b"sleeps")
        finally:
            node.resume()
        await client.expect(JobCreated)
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == b"x"


async def test_a_call_with_a_sleeper_here_takes_one_trip(open_one: OpenRunning) -> None:
    async with open_one() as one:
        worker, client = await one.sleeper(b"f"), await one.peer()
        await one.settled()
        before = one.broker.store.pipe.statistics()
        await client.submit(b"f", b"x")
        assert await worker.hear() == Noop()
        job = await worker.grab()
        assert one.broker.store.pipe.statistics().sends - before.sends == 1
        await worker.say(WorkComplete(job.handle, b""))
        assert isinstance(await client.hear(), WorkComplete)


async def test_who_asks_for_a_unique_finds_what_it_has_just_handed_in(open_one: OpenRunning, cluster: Cluster) -> None:
    async with open_one() as one:
        client = await one.peer()
        for function in FUNCTIONS:  # new ones, each at its node
            await client.say(
                SubmitJob(function, b"u-" + function, b"", background=True), GetStatusUnique(b"u-" + function)
            )
            await client.expect(JobCreated)
            status = await client.expect(StatusResUnique)
            assert status.known, function
