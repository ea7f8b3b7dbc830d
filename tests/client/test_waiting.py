"""Waiting for background jobs, jobs for later, and jobs with a reducer."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
import trio
import trio.testing

from client import BackgroundJob, Priority, RefusedError, Status, open_client
from protocol import Error, ErrorCode, GetStatus, GrabJobAll, JobAssignAll, StatusRes, WorkComplete
from tests.cancelling import cancelled_at
from tests.client.scripted import ScriptedServer, scripted_client
from tests.processes import ServerProcess
from tests.raw_worker import RawWorker, raw_worker

SOME_ROUNDS = 12
"""Awaits of a wait: by then it has asked more than once, and been told each time that the job is not over."""


async def test_wait_returns_when_the_job_is_over(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, b"")
        assert await cancelled_at(SOME_ROUNDS, partial(client.wait, handle)), "it waits while the job is queued"
        job = await worker.take()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.wait, handle)
            await worker.say(WorkComplete(job.handle, b""))
        assert not (await client.status(handle)).known


async def test_wait_of_a_job_that_never_was_returns_at_once(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        await client.wait("H:nowhere:1")


async def test_wait_goes_on_over_a_lost_connection_and_a_server_that_is_away(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def come_and_go() -> None:
            await line.hear(GetStatus)
            await line.say(StatusRes(b"H:1", True, False, 0, 0))
            await line.hear(GetStatus)
            server.up = False
            await line.hang_up()
            await trio.sleep(60)
            server.up = True
            second = await server.accept()
            await second.hear(GetStatus)
            await second.say(StatusRes(b"H:1", False, False, 0, 0))

        nursery.start_soon(come_and_go)
        await client.wait(b"H:1")


async def test_wait_goes_on_while_the_store_is_away_and_not_over_another_refusal(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:

        async def refuse() -> None:
            for code in (ErrorCode.QUEUE_ERROR, ErrorCode.QUEUE_ERROR, ErrorCode.INVALID_COMMAND):
                await line.hear(GetStatus)
                await line.say(Error(code, b"the store is not available"))

        nursery.start_soon(refuse)
        with pytest.raises(RefusedError, match="INVALID_COMMAND"):
            await client.wait(b"H:1")


async def test_wait_asks_less_and_less_often(autojump_clock: trio.testing.MockClock) -> None:
    asked: list[float] = []
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:

        async def answer() -> None:
            for known in [True] * 30 + [False]:
                await line.hear(GetStatus)
                asked.append(trio.current_time())
                await line.say(StatusRes(b"H:1", known, False, 0, 0))

        nursery.start_soon(answer)
        await client.wait(b"H:1")
    pauses = [after - before for before, after in pairwise(asked)]
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.05)
    assert pauses[-1] == pytest.approx(2.0)


@pytest.mark.parametrize("later", [timedelta(hours=1), 3600], ids=["a datetime", "unix seconds"])
async def test_submit_at_queues_for_later(server: ServerProcess, function: str, later: timedelta | int) -> None:
    now = datetime.now(UTC)
    when = now + later if isinstance(later, timedelta) else int(now.timestamp()) + later
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_at(when, function, b"", unique=function)
        assert await client.submit_at(when, function, b"", unique=function) == handle
        assert await worker.grab() is None
        assert await client.status(handle) == Status(True, False, 0, 0)
        soon = await client.submit_at(now - timedelta(seconds=5), function, b"soon")
        job = await worker.take()
        assert job.handle == soon
        await worker.say(WorkComplete(soon, b""))


async def grab_all(worker: RawWorker) -> JobAssignAll:
    await worker.say(GrabJobAll())
    answer = await worker.hear()
    assert isinstance(answer, JobAssignAll)
    return answer


async def test_a_reducer_reaches_the_worker_of_a_background_job(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, b"a\0b", unique="u", reducer="sum")
        job = await grab_all(worker)
        assert job == JobAssignAll(handle, function.encode(), b"u", b"sum", b"a\0b")
        await worker.say(WorkComplete(handle, b""))


async def test_a_reducer_reaches_the_worker_of_a_call(server: ServerProcess, function: str) -> None:
    async with (
        open_client(server.address) as client,
        raw_worker(server, function) as worker,
        client.follow(function, b"x", reducer=b"sum") as followed,
    ):
        job = await grab_all(worker)
        assert (job.reducer, job.payload) == (b"sum", b"x")
        await worker.say(WorkComplete(job.handle, b"17"))
        assert await followed.result() == b"17"


def test_what_no_packet_says_together_is_refused() -> None:
    with pytest.raises(ValueError, match="a reducer has normal priority"):
        BackgroundJob("f", b"", reducer="r", priority=Priority.LOW)
    with pytest.raises(ValueError, match="run_at has normal priority"):
        BackgroundJob("f", b"", run_at=1, priority=Priority.LOW)
