"""A worker that is cancelled: what becomes of the jobs it runs, and of those it has just done."""

from functools import partial

import pytest
import trio

from client import open_client
from protocol import WorkComplete
from tests.cancelling import cancelled_at
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker
from tests.worker.running import running_worker
from worker import Job, run_worker


class Endless:
    """A job's function that says when it begins and how it ends, and ends only by cancellation."""

    def __init__(self) -> None:
        self.begun = trio.Event()
        self.cancelled = trio.Event()

    async def __call__(self, job: Job) -> None:
        self.begun.set()
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()


async def test_a_running_job_is_cancelled_and_goes_to_another_worker(server: ServerProcess, function: str) -> None:
    endless = Endless()
    async with open_client(server.address) as client, client.follow(function, b"x") as job:
        async with running_worker(server, {function: endless}) as worker:
            await endless.begun.wait()
            worker.cancel()
        assert endless.cancelled.is_set()
        async with raw_worker(server, function) as other:
            again = await other.take()
            assert again.handle == job.handle
            await other.say(WorkComplete(again.handle, b"by another"))
            assert await job.result() == b"by another"


async def test_the_result_of_a_job_that_is_done_leaves_before_the_worker_does(
    server: ServerProcess, function: str
) -> None:
    scope = trio.CancelScope()

    async def work(job: Job) -> bytes:
        scope.cancel()  # at the last moment: the result is there, and not yet said
        return b"x" * 100_000

    async with open_client(server.address) as client, trio.open_nursery() as nursery:

        async def run(task_status: trio.TaskStatus[None]) -> None:
            with scope:
                await run_worker(server.address, {function: work}, task_status=task_status)

        await nursery.start(run)
        with trio.fail_after(20):
            assert await client.call(function, b"") == b"x" * 100_000


async def test_a_job_that_fails_while_it_is_cancelled_does_not_fail_the_worker(
    server: ServerProcess, function: str
) -> None:
    begun = trio.Event()

    async def untidy() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("could not tidy up")

    async def work(job: Job) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(untidy)
            nursery.start_soon(trio.sleep_forever)
            begun.set()

    async with open_client(server.address) as client:
        await client.submit_background(function, b"")
        async with running_worker(server, {function: work}) as worker:
            await begun.wait()
            worker.cancel()
        await _run_the_rest(server, function)


@pytest.mark.parametrize("said", ["progress", "data", "warn"])
async def test_what_a_job_says_is_said_whole_or_not_at_all(server: ServerProcess, function: str, said: str) -> None:
    heard = 0

    async def work(job: Job) -> None:
        nonlocal heard
        says = {
            "progress": partial(job.progress, 1, 2),
            "data": partial(job.data, b"x" * 100_000),
            "warn": partial(job.warn, b"x" * 100_000),
        }[said]
        with trio.CancelScope() as scope:
            scope.cancel()
            await says()
        assert scope.cancelled_caught
        count, cancelled = 1, True
        while cancelled:
            cancelled = await cancelled_at(count, says)
            heard += not cancelled
            count += 1

    async with running_worker(server, {function: work}), open_client(server.address) as client:
        async with client.follow(function, b"") as job:
            updates = [update async for update in job]
        assert len(updates) == heard == 1


async def _run_the_rest(server: ServerProcess, function: str) -> None:
    async with raw_worker(server, function) as worker:
        job = await worker.take()
        await worker.say(WorkComplete(job.handle, b""))
