"""What is true after a cancellation: at each await of each public coroutine."""

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio

from client import BackgroundJob, Client, Data, FollowedJob, open_client
from protocol import WorkComplete, WorkData
from tests.cancelling import cancelled_at
from tests.client.waiting import until_waited_for
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker

MOST_AWAITS = 50  # no public coroutine has as many; a test that gets there goes round in circles


async def _ask(client: Client, function: str, kind: str) -> None:
    match kind:
        case "submit_background":
            await client.submit_background(function, b"background")
        case "submit_at":
            await client.submit_at(1, function, b"at")
        case "submit_many":
            async for _ in client.submit_many(BackgroundJob(function, b"many") for _ in range(2)):
                pass
        case "wait":
            await client.wait(b"H:nobody:1")
        case "status":
            await client.status(b"H:nobody:1")
        case "status_by_unique":
            await client.status_by_unique(function)
        case "ping":
            await client.ping()


@pytest.mark.parametrize(
    "kind", ["submit_background", "submit_at", "submit_many", "wait", "status", "status_by_unique", "ping"]
)
async def test_a_request_cancelled_at_any_await_leaves_a_client_that_works(
    server: ServerProcess, function: str, kind: str
) -> None:
    tasks = trio.lowlevel.current_statistics().tasks_living
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        for count in range(1, MOST_AWAITS):
            cancelled = await cancelled_at(count, partial(_ask, client, function, kind))
            await client.ping()  # were answers out of step, this would get the answer of the cancelled one
            if not cancelled:
                break
        else:
            pytest.fail("it was always cancelled")
        while (job := await worker.grab()) is not None:  # may have been accepted: at-most-once is not promised
            await worker.say(WorkComplete(job.handle, b""))
    assert trio.lowlevel.current_statistics().tasks_living == tasks


async def _call(client: Client, function: str) -> None:
    await client.call(function, b"call", unique=function)


async def _follow(client: Client, function: str) -> None:
    async with client.follow(function, b"follow", unique=function) as job:
        await job.result()


@pytest.mark.parametrize("wait", [_call, _follow])
async def test_a_job_waited_for_and_cancelled_at_any_await_is_dropped_by_the_server(
    server: ServerProcess, function: str, wait: Callable[[Client, str], Awaitable[None]]
) -> None:
    async with open_client(server.address) as watcher, raw_worker(server, function) as worker:
        tasks = trio.lowlevel.current_statistics().tasks_living
        async with open_client(server.address) as client:
            for count in range(1, MOST_AWAITS):
                with trio.move_on_after(0.2) as patience:  # nobody runs it: past its last await it waits for ever
                    assert await cancelled_at(count, partial(wait, client, function))
                await until_waited_for(watcher, function, by=0)
                assert await worker.grab() is None
                if patience.cancelled_caught:
                    break
            else:
                pytest.fail("it never came to wait for the job's end")
        assert trio.lowlevel.current_statistics().tasks_living == tasks


@pytest.mark.parametrize("ask", [FollowedJob.__anext__, FollowedJob.result])
async def test_watching_cancelled_at_any_await_loses_nothing(
    server: ServerProcess, function: str, ask: Callable[[FollowedJob[bytes]], Awaitable[object]]
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        for count in range(1, MOST_AWAITS):
            async with client.follow(function, b"") as job:
                handle = (await worker.take()).handle
                cancelled = False
                with trio.move_on_after(0.05) as patience:
                    cancelled = await cancelled_at(count, partial(ask, job))
                await worker.say(WorkData(handle, b"data"), WorkComplete(handle, b"end"))
                assert [update async for update in job] == [Data(b"data")]
                assert await job.result() == b"end"
            if not cancelled:
                assert patience.cancelled_caught
                break
        else:
            pytest.fail("it was always cancelled")


async def test_opening_cancelled_at_any_await_leaves_nothing(server: ServerProcess) -> None:
    async def opened_and_used() -> None:
        async with open_client(server.address) as client:
            await client.ping()

    tasks = trio.lowlevel.current_statistics().tasks_living
    for count in range(1, MOST_AWAITS):
        cancelled = await cancelled_at(count, opened_and_used)
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        if not cancelled:
            break
    else:
        pytest.fail("it was always cancelled")


async def test_a_cancelled_call_leaves_the_job_to_others_who_wait_for_it(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        open_client(server.address) as other,
        raw_worker(server, function) as worker,
        other.follow(function, b"", unique=function) as shared,
    ):
        with trio.CancelScope() as scope:
            async with client.follow(function, b"", unique=function) as job:
                assert job.handle == shared.handle
                scope.cancel()
                await job.result()
        await until_waited_for(other, function, by=1)
        await worker.say(WorkComplete((await worker.take()).handle, b"for the other"))
        assert await shared.result() == b"for the other"


async def test_a_cancelled_call_leaves_other_calls_of_the_same_client_alone(
    server: ServerProcess, function: str
) -> None:
    async with (
        open_client(server.address) as client,
        open_client(server.address) as watcher,
        raw_worker(server, function) as worker,
    ):
        async with client.follow(function, b"kept", unique=function) as kept:
            async with client.follow(function, b"let go", unique=f"{function}-2"):
                pass
            assert (await client.status(kept.handle)).known  # on a new connection
            job = await worker.take()
            assert job.handle == kept.handle
            await worker.say(WorkComplete(job.handle, b"result"))
            assert await kept.result() == b"result"
        await until_waited_for(watcher, f"{function}-2", by=0)
        assert await worker.grab() is None
