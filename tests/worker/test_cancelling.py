"""A worker cancelled at each await of each of its tasks, from its first to its last, leaves nothing behind."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import pytest
import trio

import worker as package
from client import Client, open_client
from protocol import WorkComplete
from tests.cancelling import cancelled_at, living
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker
from worker import Job, ThreadJob, Worker, run_worker

MOST_AWAITS = 300  # no worker with one job has as many; a test that gets there goes round in circles
PATIENCE_SECONDS = 30.0

Life = Callable[[str, str], Awaitable[None]]
"""A worker, from its start to an end after one job: takes the server's address and the function's name."""


async def _talk(job: Job) -> bytes:
    await job.progress(1, 2)
    await job.warn(b"careful")
    await job.data(b"half")
    return job.payload


async def _run(address: str, function: str) -> None:
    worker = _draining(function)
    await worker.run(address)


async def _run_until_signalled(address: str, function: str) -> None:
    worker = _draining(function)
    await worker.run_until_signalled(address)


def _draining(function: str) -> Worker:
    worker = Worker()

    @worker.register(function)
    async def work(job: Job) -> bytes:
        worker.drain()
        return await _talk(job)

    return worker


async def _run_with_a_thread(address: str, function: str) -> None:
    worker = Worker()

    @worker.register_plain(function)
    def work(job: ThreadJob) -> bytes:
        trio.from_thread.run_sync(worker.drain)
        job.progress(1, 2)
        job.data(b"half")
        return job.payload

    await worker.run(address)


async def _run_worker(address: str, function: str) -> None:
    with trio.CancelScope() as whole:

        async def work(job: Job) -> bytes:
            result = await _talk(job)
            whole.cancel()  # nothing else ends it; the result still leaves
            return result

        await run_worker(address, {function: work})


LIVES: Mapping[str, Life] = {
    "Worker.run": _run,
    "Worker.run_until_signalled": _run_until_signalled,
    "Worker.run, with a thread": _run_with_a_thread,
    "run_worker": _run_worker,
}


def test_no_public_coroutine_is_left_out() -> None:
    public = {"run_worker" for name in package.__all__ if inspect.iscoroutinefunction(getattr(package, name))}
    public |= {f"Worker.{name}" for name, member in vars(Worker).items() if inspect.iscoroutinefunction(member)}
    assert {name for name in public if "._" not in name} == {life.partition(",")[0] for life in LIVES}
    assert {name for name, member in vars(Job).items() if inspect.iscoroutinefunction(member)} == {
        "progress",
        "data",
        "warn",  # what the jobs here say
    }


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
async def test_cancelled_at_any_await_of_any_task_it_leaves_no_task_no_socket_and_no_job(
    server: ServerProcess, function: str, life: Life
) -> None:
    async with open_client(server.address) as client:
        before = living()
        for count in range(1, MOST_AWAITS):
            handle = await client.submit_background(function, b"%d" % count)
            with trio.fail_after(PATIENCE_SECONDS):
                cancelled = await cancelled_at(count, partial(life, server.address, function), with_children=True)
            assert living() == before
            if not cancelled:
                break
            await _end_if_it_is_left(client, server, function, handle)
        else:
            pytest.fail("it was always cancelled")
        with trio.fail_after(PATIENCE_SECONDS):
            await client.wait(handle)  # done by the one that was not cancelled


async def _end_if_it_is_left(client: Client, server: ServerProcess, function: str, handle: bytes) -> None:
    """The cancelled worker has done the job, or another one gets it."""
    async with raw_worker(server, function) as other:
        with trio.fail_after(PATIENCE_SECONDS):
            while (await client.status(handle)).known:
                job = await other.grab()  # none while the server has not seen that the worker is gone
                if job is not None:
                    assert job.handle == handle
                    await other.say(WorkComplete(job.handle, b""))
