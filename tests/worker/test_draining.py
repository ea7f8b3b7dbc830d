"""A worker that stops: after its jobs, or at once, by call or by signal."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from client import Data, open_client
from protocol import GrabJobAll, JobAssignUniq, NoJob, PreSleep, WorkComplete
from tests.processes import ServerProcess
from tests.programs import open_program
from tests.raw_worker import raw_worker
from tests.worker.test_wire import JOB, ScriptedServer
from worker import Job, Worker
from worker.abilities import Abilities, Ability, JobFunction
from worker.draining import Drain
from worker.keeping import Keeper

PATIENCE_SECONDS = 30.0
PROGRAM = Path(__file__).parent / "slow_worker.py"


@asynccontextmanager
async def scripted(concurrency: int, function: JobFunction) -> AsyncIterator[tuple[ScriptedServer, Drain]]:
    """A worker that must have ended by itself at the end of the block."""
    script, drain = ScriptedServer(), Drain()
    keeper = Keeper(Abilities({b"f": Ability(function)}), concurrency, drain, trio.TASK_STATUS_IGNORED)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.keep_connected, "the script", script.dial)
        yield script, drain
        nursery.cancel_scope.deadline = trio.current_time() + 60
    assert not nursery.cancel_scope.cancelled_caught


async def idle(job: Job) -> None:
    """Is not called."""


async def test_an_idle_worker_asks_once_more_so_that_it_does_not_leave_asleep(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with scripted(1, idle) as (script, drain):
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(NoJob())
        await line.expect(PreSleep())
        await trio.testing.wait_all_tasks_blocked()
        drain.begin()
        drain.begin()
        await line.expect(GrabJobAll())
        await line.say(NoJob())
        await line.wait_hung_up()


async def test_a_question_that_is_under_way_is_waited_for_and_its_job_run(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with scripted(2, idle) as (script, drain):
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        drain.begin()
        await line.say(JOB)
        await line.expect(WorkComplete(b"H:1", b""))
        await line.wait_hung_up()


async def test_running_jobs_end_first_and_no_other_is_asked_for(autojump_clock: trio.testing.MockClock) -> None:
    gate = trio.Event()

    async def work(job: Job) -> bytes:
        await gate.wait()
        return b"done"

    async with scripted(2, work) as (script, drain):
        line = await script.accept_registered()
        for handle in (b"H:1", b"H:2"):
            await line.expect(GrabJobAll())
            await line.say(JobAssignUniq(handle, b"f", b"", b""))
        await trio.testing.wait_all_tasks_blocked()
        drain.begin()
        await line.expect_nothing(10)
        gate.set()
        ends = [await line.hear(WorkComplete), await line.hear(WorkComplete)]
        assert {end.handle for end in ends} == {b"H:1", b"H:2"}
        await line.wait_hung_up()


async def test_a_worker_whose_server_is_away_ends_at_once(autojump_clock: trio.testing.MockClock) -> None:
    async with scripted(1, idle) as (script, drain):
        line = await script.accept_registered()
        script.up = False
        await line.hang_up()
        await trio.sleep(10)
        drain.begin()
        began = trio.current_time()
    assert trio.current_time() == began, "it waited for its next attempt to connect"


async def test_a_worker_that_has_drained_returns(server: ServerProcess, function: str) -> None:
    worker, go_on = Worker(concurrency=3), trio.Event()

    @worker.register(function)
    async def work(job: Job) -> bytes:
        worker.drain()
        await trio.testing.wait_all_tasks_blocked()  # what is idle has asked for a job once more by now
        await job.data(b"behind that question")
        await go_on.wait()
        return job.payload

    with trio.fail_after(PATIENCE_SECONDS):
        async with open_client(server.address) as client, trio.open_nursery() as nursery:
            await nursery.start(worker.run, server.address)
            async with client.follow(function, b"x") as job:
                assert await anext(job) == Data(b"behind that question")
                await trio.testing.wait_all_tasks_blocked()  # what is idle has been told that there is none, and left
                go_on.set()
                assert await job.result() == b"x"


async def test_arguments_that_cannot_be_right_are_refused_plainly() -> None:
    worker = Worker()
    for start in (worker.run, worker.run_until_signalled):
        with pytest.raises(ValueError, match="no server is named"):
            await start()
        with pytest.raises(ValueError, match="not a server address"):
            await start("host:port")
        with pytest.raises(ValueError, match="at least one function"):
            await start("host")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_one_signal_lets_running_jobs_end(server: ServerProcess, function: str, number: signal.Signals) -> None:
    async with (
        open_client(server.address) as client,
        open_program(sys.executable, PROGRAM, server.address, function, "30") as program,
        client.follow(function, b"1") as job,
    ):
        await program.wait_line("begun 1")
        await client.submit_background(function, b"2")
        program.send_signal(number)
        await program.wait_line("30 seconds to end")
        await program.say("go on")
        assert await job.result() == b"done"
        assert await program.wait() == 0
        async with raw_worker(server, function) as other:  # the second was left to others
            second = await other.take()
            assert second.payload == b"2"
            await other.say(WorkComplete(second.handle, b""))


@pytest.mark.parametrize("grace_seconds", ["30", "0.2"], ids=["a second signal", "the end of the grace time"])
async def test_jobs_that_do_not_end_are_given_back(server: ServerProcess, function: str, grace_seconds: str) -> None:
    async with (
        open_client(server.address) as client,
        open_program(sys.executable, PROGRAM, server.address, function, grace_seconds) as program,
        client.follow(function, b"1") as job,
    ):
        await program.wait_line("begun 1")
        program.send_signal(signal.SIGTERM)
        await program.wait_line("seconds to end")
        if grace_seconds == "30":
            program.send_signal(signal.SIGTERM)
        assert await program.wait() == 0
        async with raw_worker(server, function) as other:
            again = await other.take()
            assert again.handle == job.handle
            await other.say(WorkComplete(again.handle, b"by another"))
            assert await job.result() == b"by another"
