"""What a client without trio asks, and what it is answered: as the client for trio, on the same servers."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trio

from client import (
    BackgroundJob,
    CannotConnectError,
    ClientClosedError,
    Data,
    DeadJob,
    Function,
    FunctionStatus,
    JobFailedError,
    JobRaisedError,
    PayloadError,
    Priority,
    Progress,
    RefusedError,
    ResultTooLargeError,
    Status,
    TimedOutError,
    UnreadableResultError,
    Warned,
)
from client.blocking import Client
from protocol import WorkComplete, WorkData, WorkException, WorkFail, WorkStatus, WorkWarning
from tests.client.blocking.aside import Aside
from tests.ports import private_port
from tests.processes import BrokerProcess, ServerProcess
from tests.raw_worker import raw_worker
from tests.tls_front import tls_front


async def test_a_background_job_is_known_until_it_is_over(
    blocking: Client, server: ServerProcess, function: str
) -> None:
    async with raw_worker(server, function) as worker:
        handle = blocking.submit_background(function, "für", unique="u", priority=Priority.HIGH)
        assert blocking.status(handle) == Status(True, False, 0, 0)
        assert blocking.status_by_unique("u").known
        job = await worker.take()
        assert (job.handle, job.unique, job.payload) == (handle, b"u", "für".encode())
        await worker.say(WorkStatus(handle, b"2", b"5"))
        assert await worker.grab() is None
        assert blocking.status(handle) == Status(True, True, 2, 5)
        await worker.say(WorkComplete(handle, b""))
        blocking.wait(handle, timeout=30)
        assert not blocking.status(handle).known


async def test_a_call_returns_all_its_data(blocking: Client, server: ServerProcess, function: str) -> None:
    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        called = Aside(nursery, lambda: blocking.call(function, b"\0x"))
        job = await worker.take()
        assert job.payload == b"\0x"
        await worker.say(WorkData(job.handle, b"a"), WorkWarning(job.handle, b"!"), WorkComplete(job.handle, b"b"))
        assert await called.outcome() == b"ab"
    assert blocking.admin.version()  # and the connection was of further use, or another was made


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        pytest.param(lambda handle: WorkFail(handle), JobFailedError, id="fails"),
        pytest.param(lambda handle: WorkException(handle, b"OSError: full\n\ntrace"), JobRaisedError, id="raises"),
    ],
)
async def test_a_job_that_does_not_complete_raises(
    blocking: Client, server: ServerProcess, function: str, end: Callable[[bytes], WorkFail], expected: type[Exception]
) -> None:
    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        called = Aside(nursery, lambda: blocking.call(function, b""))
        await worker.say(end((await worker.take()).handle))
        error = await called.outcome()
        assert type(error) is expected
        if isinstance(error, JobRaisedError):
            assert (error.summary, error.details) == ("OSError: full", "trace")


async def test_a_followed_job_tells_what_its_worker_tells(
    blocking: Client, server: ServerProcess, function: str
) -> None:
    def follow() -> object:
        with blocking.follow(function, b"") as job:
            return [*job, job.result(), job.handle]

    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        followed = Aside(nursery, follow)
        handle = (await worker.take()).handle
        await worker.say(
            WorkStatus(handle, b"1", b"2"),
            WorkData(handle, b"d"),
            WorkWarning(handle, b"w"),
            WorkComplete(handle, b"r"),
        )
        assert await followed.outcome() == [Progress(1, 2), Data(b"d"), Warned(b"w"), b"r", handle]


async def test_the_result_may_be_asked_for_before_the_updates(
    blocking: Client, server: ServerProcess, function: str
) -> None:
    def follow() -> object:
        with blocking.follow(function, b"") as job:
            return [job.result(), *job]

    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        followed = Aside(nursery, follow)
        handle = (await worker.take()).handle
        await worker.say(WorkStatus(handle, b"1", b"2"), WorkStatus(handle, b"2", b"2"), WorkComplete(handle, b"r"))
        assert await followed.outcome() == [b"r", Progress(2, 2)]


async def test_a_job_that_is_left_early_is_dropped_and_tells_nothing_more(
    blocking: Client, server: ServerProcess, function: str
) -> None:
    with blocking.follow(function, b"x", unique=function) as job:
        assert blocking.status_by_unique(function).clients == 1
    with pytest.raises(ClientClosedError, match="let go before its end"):
        job.result()
    assert await dropped(blocking, server, function)


async def test_a_call_whose_time_is_up_drops_its_job(blocking: Client, server: ServerProcess, function: str) -> None:
    timeout = 0.05
    error = too_late(blocking, function, timeout)
    while error.handle is None:  # its time was up before it was accepted, which takes a busy machine long
        timeout *= 2
        error = too_late(blocking, function, timeout)
    assert re.fullmatch(
        rf"job H:.*: not over within {timeout:g} seconds: is there a worker for it at 127.0.0.1:\d+\?", str(error)
    )
    assert isinstance(error, TimeoutError)
    assert await dropped(blocking, server, function)


def too_late(client: Client, function: str, timeout: float) -> TimedOutError:
    """How a call ends that nobody answers within its time."""
    with pytest.raises(TimedOutError) as caught:
        client.call(function, b"x", unique=function, timeout=timeout)
    return caught.value


async def dropped(client: Client, server: ServerProcess, function: str) -> bool:
    """Waits until the server has noticed that nobody waits for the job whose unique is the function's name."""
    with trio.fail_after(30):
        while client.status_by_unique(function).clients:  # each question is a round trip
            await trio.lowlevel.checkpoint()
    async with raw_worker(server, function) as worker:
        return await worker.grab() is None


async def test_typed_payloads_go_both_ways(blocking: Client, server: ServerProcess, function: str) -> None:
    count = Function(function, payload=str, result=int)
    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        for result, expected in ((b"3", 3), (b"three", None)):
            called = Aside(nursery, lambda: blocking.call(count, "one two three"))
            job = await worker.take()
            assert job.payload == b"one two three"
            await worker.say(WorkComplete(job.handle, result))
            outcome = await called.outcome()
            assert outcome == expected or isinstance(outcome, UnreadableResultError)
    with pytest.raises(PayloadError, match="text is expected"):
        blocking.submit_background(count, 3)  # type: ignore[misc]  # that is the fault


async def test_a_result_beyond_the_limit_is_refused(server: ServerProcess, function: str) -> None:
    with Client(server.address, max_body=1000) as client:
        async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
            called = Aside(nursery, lambda: client.call(function, b""))
            handle = (await worker.take()).handle
            await worker.say(*(WorkData(handle, b"x" * 400) for _ in range(3)))
            assert isinstance(await called.outcome(), ResultTooLargeError)
            await worker.say(WorkComplete(handle, b""))
        client.ping()


async def test_a_reducer_reaches_the_worker(blocking: Client, server: ServerProcess, function: str) -> None:
    blocking.submit_background(function, b"x", reducer="sum")
    with pytest.raises(ValueError, match="normal priority"):
        blocking.submit_background(function, b"x", reducer="sum", priority=Priority.LOW)


async def test_many_jobs_are_submitted_in_order(blocking: Client, server: ServerProcess, function: str) -> None:
    async with raw_worker(server, function) as worker:
        jobs = [BackgroundJob(function, b"%d" % number) for number in range(3000)]
        submitted = list(blocking.submit_many(jobs))
        assert [one.job for one in submitted] == jobs
        assert all(one.error is None for one in submitted)
        for number in range(20):
            job = await worker.take()
            assert (job.handle, job.payload) == (submitted[number].handle, b"%d" % number)
            await worker.say(WorkComplete(job.handle, b""))


def test_a_job_for_later_waits_and_can_be_cancelled(blocking: Client, function: str) -> None:
    handle = blocking.submit_at(datetime.now(UTC) + timedelta(hours=1), function, b"")
    assert blocking.status(handle).known


def test_what_the_server_refuses_is_told_and_costs_no_connection(blocking: Client, function: str) -> None:
    blocking.admin.create_function(function)
    blocking.admin.maxqueue(function, high=1, normal=1, low=1)
    blocking.submit_background(function, b"")
    with pytest.raises(RefusedError) as caught:
        blocking.submit_background(function, b"")
    assert caught.value.code == b"QUEUE_ERROR"
    outcomes = list(blocking.submit_many([BackgroundJob(function, b"")] * 2))
    assert [type(outcome.error) for outcome in outcomes] == [RefusedError] * 2


async def test_the_server_is_asked_about_itself(blocking: Client, server: ServerProcess, function: str) -> None:
    admin = blocking.admin
    async with raw_worker(server, function) as worker:
        handle = blocking.submit_background(function, b"", unique=function)
        job = await worker.take()
        assert FunctionStatus(function.encode(), 1, 1, 1) in admin.status()
        assert function.encode() in [queues.name for queues in admin.prioritystatus()]
        assert any(function.encode() in peer.functions for peer in admin.workers())
        assert handle in [listed.handle for listed in admin.show_jobs()]
        assert function.encode() in admin.show_unique_jobs()
        assert admin.getpid() == server.pid
        assert admin.version()
        assert admin.verbose()
        assert admin.cancel_job("H:nowhere:1") is False
        with pytest.raises(RefusedError):
            admin.drop_function(function)
        await worker.say(WorkComplete(job.handle, b""))


async def test_jobs_that_were_given_up_are_listed_and_revived(tmp_path: Path, function: str) -> None:
    with BrokerProcess(tmp_path / "data", "--job-retries", "1") as server, Client(server.address) as client:
        handle = client.submit_background(function, b"")
        async with raw_worker(server, function) as worker:
            await worker.take()
        with trio.fail_after(20):
            while not (dead := client.admin.show_dead()):
                await trio.lowlevel.checkpoint()
        assert dead == (DeadJob(handle, function.encode(), dead[0].given_up_at, attempts=1),)
        assert client.admin.revive_job(handle)
        assert not client.admin.revive_job(handle)
        assert client.admin.show_dead() == ()


async def test_everything_goes_over_tls(server: ServerProcess, function: str) -> None:
    def use(address: str) -> None:
        with Client(address, tls=front.trusting()) as client:
            handle = client.submit_background(function, b"x" * 1_000_000)
            assert client.status(handle).known
            assert client.admin.version()

    async with tls_front(server) as front:
        await trio.to_thread.run_sync(use, front.address)
        with pytest.raises(CannotConnectError, match=r"no TLS with .*certificate verify failed"):
            await trio.to_thread.run_sync(use, front.by_number)


def test_the_first_server_that_answers_is_taken(server: ServerProcess) -> None:
    nobody = private_port()
    with Client(f"127.0.0.1:{nobody}", server.address) as client:
        client.ping()
    with Client(f"127.0.0.1:{nobody}") as client, pytest.raises(CannotConnectError, match=f"{nobody}: .*refused"):
        client.ping()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_flight": 0}, "in_flight must be at least 1"),
        ({"most_connections": 0}, "most_connections must be at least 1"),
        ({"max_body": 0}, "max_body must be at least 1"),
        ({"timeout": 0.0}, "a time-out is above 0 seconds"),
        ({"connect_timeout_seconds": float("nan")}, "a time-out is above 0 seconds"),
    ],
)
def test_what_cannot_be_right_is_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Client("127.0.0.1", **arguments)  # type: ignore[arg-type]  # of several kinds in one table
    with pytest.raises(ValueError, match="no server is named"):
        Client()
