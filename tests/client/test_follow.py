"""Jobs that somebody watches."""

import pytest
import trio

from client import Data, JobRaisedError, Progress, UpdatesOverrunError, Warned, open_client
from protocol import WorkComplete, WorkData, WorkException, WorkStatus, WorkWarning
from tests.processes import ServerProcess
from tests.raw_worker import RawWorker, raw_worker


async def test_updates_come_in_order_and_then_the_result(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as job,
    ):
        handle = (await worker.take()).handle
        assert job.handle == handle
        await worker.say(
            WorkStatus(handle, b"1", b"3"),
            WorkData(handle, b"a\0b"),
            WorkWarning(handle, b"careful"),
            WorkStatus(handle, b"3", b"3"),
            WorkComplete(handle, b"done"),
        )
        updates = [update async for update in job]
        assert updates == [Progress(1, 3), Data(b"a\0b"), Warned(b"careful"), Progress(3, 3)]
        assert await job.result() == b"done"
        assert await job.result() == b"done"
        assert [update async for update in job] == []


async def test_an_update_is_there_as_soon_as_the_worker_sent_it(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as job,
    ):
        handle = (await worker.take()).handle
        for number in range(5):
            await worker.say(WorkStatus(handle, b"%d" % number, b"5"))
            assert await anext(job) == Progress(number, 5)
        await worker.say(WorkComplete(handle, b""))
        assert await job.result() == b""


async def test_an_iteration_that_is_cancelled_takes_no_update_with_it(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as job,
    ):
        handle = (await worker.take()).handle
        await worker.say(WorkData(handle, b"data"), WorkComplete(handle, b""))
        await job.result()
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(job)
        assert scope.cancelled_caught
        assert await anext(job) == Data(b"data")


async def test_progress_that_nobody_read_gives_way_to_newer(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as job,
    ):
        handle = (await worker.take()).handle
        for number in range(1000):
            await worker.say(WorkStatus(handle, b"%d" % number, b"1000"))
        await worker.say(WorkComplete(handle, b""))
        await job.result()
        assert [update async for update in job] == [Progress(999, 1000)]


async def test_progress_that_is_no_number_counts_as_the_server_counts_it(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as job,
    ):
        handle = (await worker.take()).handle
        await worker.say(WorkStatus(handle, b"1.5", b"abc"))
        assert await anext(job) == Progress(1, 0)


async def test_a_job_that_raises_ends_iteration_and_result_with_its_error(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as job,
    ):
        handle = (await worker.take()).handle
        await worker.say(WorkData(handle, b"first"), WorkException(handle, b"ValueError: no"))
        assert await anext(job) == Data(b"first")
        for _ in range(2):
            with pytest.raises(JobRaisedError, match="ValueError: no"):
                await anext(job)
            with pytest.raises(JobRaisedError, match="ValueError: no"):
                await job.result()


async def test_updates_that_are_not_read_are_lost_at_a_point_and_the_result_is_not(
    server: ServerProcess, function: str
) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x", unread_bytes=1000) as job,
    ):
        handle = (await worker.take()).handle
        await worker.say(
            WorkData(handle, b"a" * 400),
            WorkData(handle, b"b" * 400),
            WorkData(handle, b"c"),
            WorkComplete(handle, b"the end"),
        )
        assert await job.result() == b"the end"
        assert await anext(job) == Data(b"a" * 400)
        assert await anext(job) == Data(b"b" * 400)
        for _ in range(2):
            with pytest.raises(UpdatesOverrunError):
                await anext(job)
        assert await job.result() == b"the end"


async def test_one_update_larger_than_the_limit_is_handed_out_all_the_same(
    server: ServerProcess, function: str
) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x", unread_bytes=10) as job,
    ):
        handle = (await worker.take()).handle
        for letter in (b"a", b"b"):
            await worker.say(WorkData(handle, letter * 1000))
            assert await anext(job) == Data(letter * 1000)


async def test_a_follower_who_does_not_read_holds_up_nobody_else(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x") as idle,
        trio.open_nursery() as nursery,
    ):
        handle = (await worker.take()).handle
        for _ in range(40):
            await worker.say(WorkData(handle, b"x" * 1_000_000))
        nursery.start_soon(_answer, worker)
        with trio.fail_after(20):
            assert await client.call(function, b"other") == b"answered"
        await worker.say(WorkComplete(handle, b"end"))
        assert await idle.result() == b"end"


async def _answer(worker: RawWorker) -> None:
    await worker.say(WorkComplete((await worker.take()).handle, b"answered"))


async def test_a_job_that_was_let_go_tells_no_more(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        async with client.follow(function, b"x") as job:
            pass
        with pytest.raises(trio.ClosedResourceError, match="let go"):
            await job.result()
        with pytest.raises(trio.ClosedResourceError, match="let go"):
            await anext(job)
