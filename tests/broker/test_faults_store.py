"""The store is away: sessions stay, nothing is half done, and all goes on by itself when it is back."""

import logging
from collections.abc import Callable, Sized
from pathlib import Path

import pytest
import trio

from broker.session import MAX_UNANSWERED_BYTES
from broker.settings import Settings
from broker.transport import RECEIVE_BYTES
from protocol import (
    CanDoTimeout,
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GetStatus,
    GrabJob,
    JobCreated,
    NoJob,
    Noop,
    PreSleep,
    StatusRes,
    SubmitJob,
    WorkComplete,
    WorkData,
    WorkFail,
    WorkStatus,
)
from tests.broker.peers import PATIENCE_SECONDS
from tests.broker.running import Running, impatient, open_running
from tests.faults.proxy import Proxy, open_proxy
from tests.servers import AOF, RedisServer


@pytest.fixture
def server(make_server: Callable[..., RedisServer]) -> RedisServer:
    """A store of this test alone, which forgets nothing."""
    server = make_server(*AOF)
    server.start()
    return server


@pytest.fixture
def settings(server: RedisServer, tmp_path: Path) -> Settings:
    return Settings(port=0, redis=server.url, data_dir=tmp_path, store_timeout=PATIENCE_SECONDS)


async def is_away(one: Running) -> None:
    """Wait until the broker has noticed."""
    with trio.fail_after(PATIENCE_SECONDS):
        while one.broker.store.connected:
            await trio.lowlevel.checkpoint()


async def is_back(one: Running, server: RedisServer) -> None:
    """Start the store again, and wait until the broker has noticed."""
    await trio.to_thread.run_sync(server.start)
    await answers_again(one)


async def answers_again(one: Running) -> None:
    """Wait until the store has answered all that it was asked while it was away."""
    with trio.fail_after(PATIENCE_SECONDS):
        await one.broker.store.pipe.wait_connected()
    await one.settled()


def is_refused(answer: object) -> bool:
    """Whether it is the ERROR of a store that is away."""
    return isinstance(answer, Error) and answer.code == ErrorCode.QUEUE_ERROR


async def test_a_submit_is_refused_when_the_store_stays_away(settings: Settings, server: RedisServer) -> None:
    async with open_running(settings) as one:
        client = await one.peer()
        server.kill()
        await is_away(one)
        with impatient(one):
            assert is_refused(await client.ask(SubmitJob(b"f", b"", b"x", background=True)))
        assert await client.ask(EchoReq(b"x")) == EchoRes(b"x")
        await is_back(one, server)
        assert await client.submit_background(b"f", b"x")


async def test_a_submit_waits_for_a_store_that_is_back_in_time(server: RedisServer, tmp_path: Path) -> None:
    async with open_running(
        Settings(port=0, redis=server.url, data_dir=tmp_path, store_timeout=PATIENCE_SECONDS)
    ) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        server.kill()
        await is_away(one)
        await client.say(SubmitJob(b"f", b"", b"x", background=True))
        await is_back(one, server)
        assert type(await client.hear()).__name__ == "JobCreated"
        assert (await worker.take()).payload == b"x"


async def test_workers_get_no_job_and_no_error_and_are_woken_when_it_is_back(
    settings: Settings, server: RedisServer
) -> None:
    async with open_running(settings) as one:
        client, asleep, awake = await one.peer(), await one.sleeper(b"f"), await one.worker(b"f")
        server.kill()
        await is_away(one)
        assert await awake.ask(GrabJob()) == NoJob()
        await awake.say(PreSleep())
        await is_back(one, server)
        # Nobody knows what came meanwhile, at other brokers: so somebody must look.
        assert await asleep.hear() == Noop()
        handle = await client.submit_background(b"f", b"x")
        assert (await asleep.take()).handle == handle


async def test_results_that_come_in_meanwhile_are_delivered_and_kept(settings: Settings, server: RedisServer) -> None:
    async with open_running(settings) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        waited = await client.submit(b"f", b"x")
        queued = await client.submit_background(b"f", b"x")
        assert {(await worker.grab()).handle, (await worker.grab()).handle} == {waited, queued}
        server.kill()
        await is_away(one)
        await worker.say(WorkData(waited, b"part"), WorkComplete(waited, b"end"), WorkStatus(queued, b"1", b"2"))
        assert [await client.hear(), await client.hear()] == [
            WorkData(waited, b"part"),
            WorkComplete(waited, b"end"),
        ]
        await worker.say(WorkComplete(queued, b"end"))
        assert await worker.ask(EchoReq(b"x")) == EchoRes(b"x")
        await is_back(one, server)
        await answers_again(one)
        for handle in (waited, queued):
            assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)


async def test_progress_that_comes_in_meanwhile_is_there_afterwards(settings: Settings, server: RedisServer) -> None:
    async with open_running(settings) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        handle = await client.submit_background(b"f", b"x")
        await worker.grab()
        server.kill()
        await is_away(one)
        for done in range(4):
            await worker.say(WorkStatus(handle, b"%d" % done, b"9"))
            assert await worker.ask(EchoReq(b"")) == EchoRes(b"")
        await is_back(one, server)
        await answers_again(one)
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 3, 9)


async def test_who_leaves_meanwhile_leaves_nothing_behind(settings: Settings, server: RedisServer) -> None:
    async with open_running(settings) as one:
        client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
        kept = await client.submit_background(b"f", b"x")
        assert (await worker.grab()).handle == kept
        dropped = await client.submit(b"f", b"x")
        server.kill()
        await is_away(one)
        await client.leave()
        await worker.leave()
        await is_back(one, server)
        await one.until(lambda: len(one.broker.sessions) == 1)
        assert (await other.take()).handle == kept
        assert await other.ask(GetStatus(dropped)) == StatusRes(dropped, False, False, 0, 0)


async def test_questions_are_answered_with_an_error_and_not_with_an_untruth(
    settings: Settings, server: RedisServer
) -> None:
    async with open_running(settings) as one:
        client = await one.peer()
        handle = await client.submit_background(b"f", b"x")
        server.kill()
        await is_away(one)
        with impatient(one):
            assert is_refused(await client.ask(GetStatus(handle)))
        await is_back(one, server)
        await answers_again(one)
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)


async def test_a_store_that_stands_still_is_like_one_that_is_away(settings: Settings, server: RedisServer) -> None:
    async with open_running(settings) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        server.pause()
        with impatient(one):
            assert await worker.ask(GrabJob()) == NoJob()
            assert is_refused(await client.ask(SubmitJob(b"f", b"", b"x", background=True)))
        server.resume()
        await answers_again(one)
        assert await client.submit_background(b"f", b"y")


async def test_a_submit_that_was_refused_after_it_had_left_runs_once_or_never(
    settings: Settings, server: RedisServer
) -> None:
    async with open_running(settings) as one:
        client, worker = await one.peer(), await one.sleeper(b"f")
        server.pause()
        # It asks for a hand-off, so its late answer brings a job that nobody waits for any more.
        with impatient(one):
            assert is_refused(await client.ask(SubmitJob(b"f", b"", b"late", background=True)))
        server.resume()
        handle = await client.submit_background(b"f", b"new")
        assert await worker.hear() == Noop()
        payloads = [(await worker.take()).payload, (await worker.take()).payload]
        assert sorted(payloads) == [b"late", b"new"]
        assert handle


async def test_an_outage_is_told_once_however_many_submits_it_costs(
    settings: Settings, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_running(settings) as one:
        client = await one.peer()
        server.kill()
        await is_away(one)
        with impatient(one):
            await client.say(*(SubmitJob(b"f", b"", b"x", background=True) for _ in range(50)))
            assert all([is_refused(await client.hear()) for _ in range(50)])
        refused = [record for record in caplog.records if "cannot be stored" in record.getMessage()]
        assert [record.levelno for record in refused] == [logging.ERROR]
        await is_back(one, server)
        await answers_again(one)
        await client.submit_background(b"f", b"x")
        assert "jobs are stored again; 50 submits were refused" in caplog.text


async def test_who_waits_for_a_job_that_the_store_has_lost_is_told_that_it_failed(
    make_server: Callable[..., RedisServer], tmp_path: Path
) -> None:
    forgetful = make_server()
    forgetful.start()
    settings = Settings(port=0, redis=forgetful.url, data_dir=tmp_path, store_timeout=PATIENCE_SECONDS)
    async with open_running(settings) as one:
        client = await one.peer()
        handle = await client.submit(b"f", b"x")
        forgetful.kill()
        await is_away(one)
        await is_back(one, forgetful)
        assert await client.hear() == WorkFail(handle)


async def test_jobs_go_through_many_short_outages(settings: Settings, server: RedisServer) -> None:
    async with open_running(settings) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        accepted, done = set[bytes](), set[bytes]()
        for number in range(3):
            accepted.add(await client.submit_background(b"f", b"%d" % number))
            server.kill()
            await is_away(one)
            await is_back(one, server)
        while done != accepted:
            job = await worker.take()
            await worker.say(WorkComplete(job.handle, b""))
            done.add(job.handle)


@pytest.mark.parametrize("size", [0, 20_000])
async def test_a_client_that_goes_on_submitting_is_held_back_and_nothing_is_lost(
    server: RedisServer, tmp_path: Path, size: int
) -> None:
    settings = Settings(port=0, redis=server.url, data_dir=tmp_path, store_timeout=PATIENCE_SECONDS)
    number = 30_000_000 // (size + 1_000)
    async with open_running(settings) as one, trio.open_nursery() as nursery:
        client = await one.peer()
        await client.submit_background(b"f", b"first")
        waiting = one.broker.store.function(b"f").unanswered
        server.pause()
        submits = [SubmitJob(b"f", b"", b"x" * size, background=True)] * number
        nursery.start_soon(client.say, *submits)
        await until_it_grows_no_more(waiting)
        assert 100 < len(waiting) < number * 3 / 4
        assert len(waiting) * size < MAX_UNANSWERED_BYTES + 2 * RECEIVE_BYTES
        server.resume()
        for _ in submits:
            await client.expect(JobCreated)


async def until_it_grows_no_more(waiting: Sized) -> None:
    """Wait until the broker takes no more, though there is more to take."""
    unchanged = last = 0
    with trio.fail_after(PATIENCE_SECONDS):
        while unchanged < 2_000:
            await trio.lowlevel.checkpoint()
            unchanged = unchanged + 1 if len(waiting) == last and last else 0
            last = len(waiting)


async def test_a_late_result_is_heard_also_when_the_store_took_it_and_its_answer_was_lost(
    settings: Settings, server: RedisServer
) -> None:
    async with open_proxy(Proxy(server.port)) as proxy:
        through = settings.model_copy(update={"redis": f"redis://127.0.0.1:{proxy.port}", "store_timeout": 30.0})
        async with open_running(through) as one:
            client, worker = await one.peer(), await one.peer()
            await worker.say(CanDoTimeout(b"f", 1))
            handle = await client.submit(b"f", b"x")
            await worker.grab()
            await one.until(lambda: not one.broker.runs.by_handle)
            await one.settled()
            proxy.drop_replies = True
            await worker.say(WorkComplete(handle, b"late"))
            jobs = one.broker.store.link.keys.jobs(one.broker.store.function(b"f").tag)
            with trio.fail_after(PATIENCE_SECONDS):
                while server.client().exists(jobs):
                    await trio.lowlevel.checkpoint()
            proxy.cut()
            proxy.heal()
            assert await client.hear() == WorkComplete(handle, b"late")
