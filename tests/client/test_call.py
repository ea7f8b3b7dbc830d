"""Jobs that somebody waits for."""

import pytest
import trio

from client import JobFailedError, JobRaisedError, ResultTooLargeError, open_client
from protocol import Priority, WorkComplete, WorkData, WorkException, WorkFail, WorkStatus, WorkWarning
from tests.client.waiting import until_waited_for
from tests.processes import ServerProcess
from tests.raw_worker import RawWorker, raw_worker


async def reverse(worker: RawWorker) -> None:
    """Runs one job."""
    job = await worker.take()
    await worker.say(WorkComplete(job.handle, job.payload[::-1]))


async def test_a_call_returns_what_the_worker_returned(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(reverse, worker)
        assert await client.call(function, b"a\0bc") == b"cb\0a"


async def test_the_data_sent_on_the_way_is_part_of_the_result(server: ServerProcess, function: str) -> None:
    async def work(worker: RawWorker) -> None:
        handle = (await worker.take()).handle
        await worker.say(
            WorkData(handle, b"one,"),
            WorkWarning(handle, b"no part of it"),
            WorkStatus(handle, b"1", b"2"),
            WorkData(handle, b"two,"),
            WorkComplete(handle, b"three"),
        )

    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(work, worker)
        assert await client.call(function, b"") == b"one,two,three"


async def test_a_job_that_fails_raises(server: ServerProcess, function: str) -> None:
    async def work(worker: RawWorker) -> None:
        await worker.say(WorkFail((await worker.take()).handle))

    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(work, worker)
        with pytest.raises(JobFailedError) as caught:
            await client.call(function, b"")
        assert type(caught.value) is JobFailedError
        assert caught.value.handle.startswith(b"H:")


async def test_a_job_that_raises_tells_what(server: ServerProcess, function: str) -> None:
    async def work(worker: RawWorker) -> None:
        await worker.say(WorkException((await worker.take()).handle, b"OSError: disk\0full"))

    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(work, worker)
        with pytest.raises(JobRaisedError, match="OSError: disk") as caught:
            await client.call(function, b"")
        assert caught.value.data == b"OSError: disk\0full"


async def test_a_hundred_calls_share_a_connection_and_each_gets_its_own_result(
    server: ServerProcess, function: str
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        results: dict[int, bytes] = {}

        async def call(number: int) -> None:
            results[number] = await client.call(function, b"%d" % number, priority=Priority(number % 3))

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(call, number)
            for _ in range(100):
                job = await worker.take()
                await worker.say(WorkData(job.handle, job.payload), WorkComplete(job.handle, b"!"))
        assert results == {number: b"%d!" % number for number in range(100)}


async def test_two_calls_with_one_unique_run_once_and_both_get_everything_once(
    server: ServerProcess, function: str
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        results: list[bytes] = []

        async def call() -> None:
            results.append(await client.call(function, b"", unique=function))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            nursery.start_soon(call)
            job = await worker.take()
            await until_waited_for(client, function, by=2)
            await worker.say(WorkData(job.handle, b"1"), WorkData(job.handle, b"2"), WorkComplete(job.handle, b"3"))
        assert results == [b"123", b"123"]
        assert await worker.grab() is None


async def test_a_result_beyond_the_limit_is_refused_and_the_client_goes_on(
    server: ServerProcess, function: str
) -> None:
    async def work(worker: RawWorker) -> None:
        handle = (await worker.take()).handle
        for _ in range(3):
            await worker.say(WorkData(handle, b"x" * 400))
        await worker.say(WorkComplete(handle, b""))

    async with (
        open_client(server.address, max_body=1000) as client,
        raw_worker(server, function) as worker,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(work, worker)
        with pytest.raises(ResultTooLargeError, match="exceeds 1000 bytes"):
            await client.call(function, b"")
        await client.ping()


async def test_a_large_payload_and_a_large_result_pass(server: ServerProcess, function: str) -> None:
    payload = bytes(range(256)) * 40_000
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(reverse, worker)
        assert await client.call(function, payload) == payload[::-1]
