"""What is true after a cancellation: at each await of each public coroutine."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

import pytest
import trio
import trio.testing

from client import Admin, BackgroundJob, Client, ClientError, Data, FollowedJob, RefusedError, Update, open_client
from protocol import WorkComplete, WorkData, WorkFail
from tests.cancelling import cancelled_at, living
from tests.client.waiting import until_waited_for
from tests.processes import GearmandProcess, ServerProcess
from tests.raw_worker import raw_worker

PATIENCE_SECONDS = 30.0
MOST_AWAITS = 50  # no public coroutine has as many; a test that gets there goes round in circles


async def _submit_many(client: Client, function: str) -> None:
    async for _ in client.submit_many(BackgroundJob(function, b"many") for _ in range(2)):
        pass


async def _though_refused(request: Awaitable[object]) -> None:
    with suppress(RefusedError):  # gearmand keeps no job that it gave up
        await request


REQUESTS: Mapping[str, Callable[[Client, str], Awaitable[object]]] = {
    "Client.submit_background": lambda client, function: client.submit_background(function, b"background"),
    "Client.submit_at": lambda client, function: client.submit_at(1, function, b"at"),
    "Client.submit_many": _submit_many,
    "Client.wait": lambda client, _: client.wait(b"H:nobody:1"),
    "Client.status": lambda client, _: client.status(b"H:nobody:1"),
    "Client.status_by_unique": lambda client, function: client.status_by_unique(function),
    "Client.ping": lambda client, _: client.ping(),
    "Admin.status": lambda client, _: client.admin.status(),
    "Admin.prioritystatus": lambda client, _: client.admin.prioritystatus(),
    "Admin.workers": lambda client, _: client.admin.workers(),
    "Admin.show_jobs": lambda client, _: client.admin.show_jobs(),
    "Admin.show_unique_jobs": lambda client, _: client.admin.show_unique_jobs(),
    "Admin.version": lambda client, _: client.admin.version(),
    "Admin.getpid": lambda client, _: client.admin.getpid(),
    "Admin.verbose": lambda client, _: client.admin.verbose(),
    "Admin.cancel_job": lambda client, _: client.admin.cancel_job(b"H:nobody:1"),
    "Admin.show_dead": lambda client, _: _though_refused(client.admin.show_dead()),
    "Admin.revive_job": lambda client, _: _though_refused(client.admin.revive_job(b"H:nobody:1")),
    "Admin.create_function": lambda client, function: client.admin.create_function(function),
    "Admin.maxqueue": lambda client, function: client.admin.maxqueue(function, normal=1_000_000),
}
HAVE_TESTS_OF_THEIR_OWN = {
    "Admin.drop_function",
    "Admin.shutdown",
    "Client.call",
    "Client.follow",
    "FollowedJob.result",
}


def test_no_public_coroutine_is_left_out() -> None:
    public = {
        f"{owner.__name__}.{name}"
        for owner in (Admin, Client, FollowedJob)
        for name, member in vars(owner).items()
        if not name.startswith("_") and inspect.isfunction(member)
    }
    assert public == REQUESTS.keys() | HAVE_TESTS_OF_THEIR_OWN


@pytest.mark.parametrize("kind", REQUESTS)
async def test_a_request_cancelled_at_any_await_leaves_a_client_that_works(
    server: ServerProcess, function: str, kind: str
) -> None:
    before = living()
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        within = living()
        for count in range(1, MOST_AWAITS):
            cancelled = await cancelled_at(count, partial(REQUESTS[kind], client, function))
            await client.ping()  # were answers out of step, this would get the answer of the cancelled one
            assert living() == within
            if not cancelled:
                break
        else:
            pytest.fail("it was always cancelled")
        while (job := await worker.grab()) is not None:  # may have been accepted: at-most-once is not promised
            await worker.say(WorkComplete(job.handle, b""))
    assert living() == before


async def test_dropping_a_function_cancelled_at_any_await_drops_it_or_not(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        within = living()
        for count in range(1, MOST_AWAITS):
            await client.admin.create_function(function)
            cancelled = await cancelled_at(count, partial(client.admin.drop_function, function))
            assert living() == within
            if not cancelled:
                break
        else:
            pytest.fail("it was always cancelled")


async def test_a_shutdown_cancelled_at_any_await_leaves_a_client_that_notices(own_server: ServerProcess) -> None:
    async with open_client(own_server.address) as client:
        within = living()
        for count in range(1, MOST_AWAITS):
            try:
                cancelled = await cancelled_at(count, client.admin.shutdown)
            except (ClientError, OSError):  # gearmand refuses; ours may have obeyed the one before
                break
            assert living().tasks <= within.tasks  # the connection of the client's own ends with the server
            if not cancelled:
                break
        else:
            pytest.fail("it was always cancelled")
    assert living().tasks < within.tasks


async def test_waiting_for_a_job_cancelled_at_any_await_changes_nothing(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, b"")
        within = living()
        for count in range(1, 12):  # it asks and pauses without end: twice as much as one round
            assert await cancelled_at(count, partial(client.wait, handle))
            assert living() == within
        job = await worker.take()
        await worker.say(WorkComplete(job.handle, b""))
        with trio.fail_after(PATIENCE_SECONDS):
            await client.wait(handle)


async def cancelled_or_waiting(
    count: int, work: Callable[[], Awaitable[object]], until_it_waits: Callable[[], Awaitable[object]]
) -> bool:
    """Cancels what waits for ever at its `count`-th await, or where it waits in the end; whether it was before that."""
    before = False
    async with trio.open_nursery() as nursery:

        async def cancel_the_wait() -> None:
            await until_it_waits()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

        nursery.start_soon(cancel_the_wait)
        before = await cancelled_at(count, work)
        assert before, "nobody has brought what it waits for"
        nursery.cancel_scope.cancel()
    return before


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
        before = living()
        async with open_client(server.address) as client:

            async def until_it_waits() -> None:
                await until_waited_for(watcher, function, by=1)
                await client.ping()  # answered behind the submit

            for count in range(1, MOST_AWAITS):
                cancelled = await cancelled_or_waiting(count, partial(wait, client, function), until_it_waits)
                await until_waited_for(watcher, function, by=0)
                late = await worker.grab()
                if late is not None and isinstance(server, GearmandProcess):
                    # Its threads read connections in no order: the submit came behind the question.
                    await worker.say(WorkFail(late.handle))
                else:
                    assert late is None
                if not cancelled:
                    break
            else:
                pytest.fail("it never came to wait for the job's end")
        assert living() == before


@pytest.mark.parametrize("ask", [FollowedJob.__anext__, FollowedJob.result])
async def test_watching_cancelled_at_any_await_loses_nothing(
    server: ServerProcess, function: str, ask: Callable[[FollowedJob[bytes]], Awaitable[object]]
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        for count in range(1, MOST_AWAITS):
            async with client.follow(function, b"") as job:
                handle = (await worker.take()).handle
                # What it waits for is within this process: with all tasks it has come to its last await.
                cancelled = await cancelled_or_waiting(count, partial(ask, job), trio.lowlevel.checkpoint)
                await worker.say(WorkData(handle, b"data"), WorkComplete(handle, b"end"))
                assert [update async for update in job] == [Data(b"data")]
                assert await job.result() == b"end"
            if not cancelled:
                break
        else:
            pytest.fail("it was always cancelled")


async def test_a_look_at_an_update_cancelled_at_any_await_does_not_take_it_away(
    server: ServerProcess, function: str
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        for count in range(1, MOST_AWAITS):
            async with client.follow(function, b"") as job:
                handle = (await worker.take()).handle
                await worker.say(WorkData(handle, b"data"))
                assert await worker.grab() is None  # the server has passed the data on
                await client.ping()  # and it has come
                seen: list[Update] = []

                async def look(job: FollowedJob[bytes] = job, seen: list[Update] = seen) -> None:
                    seen.append(await anext(job))

                cancelled = await cancelled_at(count, look)
                assert bool(seen) is not cancelled
                await worker.say(WorkComplete(handle, b"end"))
                assert seen + [update async for update in job] == [Data(b"data")]
            if not cancelled:
                break
        else:
            pytest.fail("it was always cancelled")


async def test_opening_cancelled_at_any_await_leaves_nothing(server: ServerProcess) -> None:
    async def opened_and_used() -> None:
        async with open_client(server.address) as client:
            await client.ping()

    before = living()
    for count in range(1, MOST_AWAITS):
        cancelled = await cancelled_at(count, opened_and_used, with_children=True)
        assert living() == before
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
