"""What a worker says, word by word, to a server that a test plays itself; time jumps when nobody has anything to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from protocol import (
    CanDo,
    CanDoTimeout,
    EchoReq,
    EchoRes,
    Error,
    GrabJobAll,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    Packet,
    PreSleep,
    SetClientId,
    WorkComplete,
    WorkData,
)
from tests.scripted import Line, Script
from worker import Job, JobFunction
from worker.abilities import Abilities, Ability
from worker.connection import ANSWER_SECONDS, LOOK_AGAIN_SECONDS
from worker.draining import Drain
from worker.keeping import Keeper

JOB = JobAssignUniq(b"H:1", b"f", b"u", b"payload")


class ScriptedServer(Script):
    """A script that knows how a worker of the function ``f`` begins."""

    async def accept_registered(self) -> Line:
        """The next connection, its registration over."""
        line = await self.next_line()
        await line.expect(CanDo(b"f"), EchoReq(b"registered"))
        await line.say(EchoRes(b"registered"))
        return line


async def echo(job: Job) -> bytes:
    """Returns what it gets."""
    return job.payload


@asynccontextmanager
async def scripted(concurrency: int = 1, function: JobFunction = echo) -> AsyncIterator[ScriptedServer]:
    """A worker of the function ``f`` at work for the scripted server."""
    script = ScriptedServer()
    keeper = Keeper(Abilities({b"f": Ability(function)}), concurrency, Drain(), trio.TASK_STATUS_IGNORED)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.keep_connected, "the script", script.dial)
        yield script
        nursery.cancel_scope.cancel()


async def test_registration_names_the_worker_and_its_functions_the_first_one_last(
    autojump_clock: trio.testing.MockClock,
) -> None:
    abilities = Abilities({b"first": Ability(echo), b"second": Ability(echo, 1500)}, b"me")
    script = ScriptedServer()
    async with trio.open_nursery() as nursery:
        keeper = Keeper(abilities, 1, Drain(), trio.TASK_STATUS_IGNORED)
        nursery.start_soon(keeper.keep_connected, "the script", script.dial)
        line = await script.next_line()
        await line.expect(SetClientId(b"me"), CanDoTimeout(b"second", 1500), CanDo(b"first"), EchoReq(b"registered"))
        await line.expect_nothing(1)  # no place is reserved for a server that has not answered yet
        await line.say(EchoRes(b"registered"))
        await line.expect(GrabJobAll())
        nursery.cancel_scope.cancel()


async def test_the_round_of_an_idle_worker(autojump_clock: trio.testing.MockClock) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        for _ in range(3):
            await line.expect(GrabJobAll())
            await line.say(NoJob())
            await line.expect(PreSleep())
            await line.expect_nothing(1)
            await line.say(Noop())
        await line.expect(GrabJobAll())
        await line.say(JOB)
        await line.expect(WorkComplete(b"H:1", b"payload"), GrabJobAll())


async def test_one_question_at_a_time_and_none_without_a_place(autojump_clock: trio.testing.MockClock) -> None:
    gates = {b"H:1": trio.Event(), b"H:2": trio.Event()}

    async def work(job: Job) -> None:
        await gates[job.handle].wait()

    async with scripted(2, work) as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.expect_nothing(1)
        await line.say(JOB)
        await line.expect(GrabJobAll())
        await line.say(JobAssignUniq(b"H:2", b"f", b"", b""))
        await line.expect_nothing(LOOK_AGAIN_SECONDS * 2)  # both places are taken: it neither asks nor sleeps
        gates[b"H:1"].set()
        await line.expect(WorkComplete(b"H:1", b""), GrabJobAll())


async def test_a_worker_with_a_place_left_sleeps_beside_its_jobs(autojump_clock: trio.testing.MockClock) -> None:
    gate = trio.Event()

    async def work(job: Job) -> None:
        await gate.wait()

    async with scripted(2, work) as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(JOB)
        await line.expect(GrabJobAll())
        await line.say(NoJob())
        await line.expect(PreSleep())
        gate.set()
        await line.expect(WorkComplete(b"H:1", b""))
        await line.expect_nothing(1)  # the end of a job is no reason to ask: the server wakes sleepers
        await line.say(Noop())
        await line.expect(GrabJobAll())


async def test_a_noop_that_crosses_a_question_is_no_answer_to_it(autojump_clock: trio.testing.MockClock) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(Noop(), NoJob())
        await line.expect(PreSleep())
        await line.say(Noop(), Noop())
        await line.expect(GrabJobAll())


async def test_a_sleeper_that_nobody_wakes_looks_again(autojump_clock: trio.testing.MockClock) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(NoJob())
        await line.expect(PreSleep())
        asleep = trio.current_time()
        await line.expect(GrabJobAll())
        assert trio.current_time() - asleep == pytest.approx(LOOK_AGAIN_SECONDS)


@pytest.mark.parametrize("registered", [False, True], ids=["the registration", "a question"])
async def test_a_server_that_leaves_something_unanswered_is_left(
    autojump_clock: trio.testing.MockClock, registered: bool
) -> None:
    async with scripted() as script:
        if registered:
            line = await script.accept_registered()
            await line.expect(GrabJobAll())
        else:
            line = await script.next_line()
            await line.expect(CanDo(b"f"), EchoReq(b"registered"))
        asked = trio.current_time()
        await line.wait_hung_up()
        assert trio.current_time() - asked == pytest.approx(ANSWER_SECONDS, abs=1)
        again = await script.accept_registered()
        await again.expect(GrabJobAll())
        await again.say(JOB)
        await again.expect(WorkComplete(b"H:1", b"payload"))  # the place was given back


async def test_an_error_about_a_job_that_was_taken_away_is_survived(autojump_clock: trio.testing.MockClock) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(Error(b"JOB_NOT_FOUND", b"Job given in work result not found"), JOB)
        await line.expect(WorkComplete(b"H:1", b"payload"), GrabJobAll())


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(JobAssignUniq(b"H:2", b"stranger", b"", b""), id="a function that was not registered"),
        pytest.param(JobCreated(b"H:2"), id="an answer for clients"),
    ],
)
async def test_a_server_that_talks_nonsense_is_left(autojump_clock: trio.testing.MockClock, nonsense: Packet) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(nonsense)
        await line.wait_hung_up()
        await script.accept_registered()


async def test_a_job_that_was_not_asked_for_is_not_run(autojump_clock: trio.testing.MockClock) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        await line.say(NoJob())
        await line.expect(PreSleep())
        await line.say(JOB)
        await line.wait_hung_up()


async def test_a_job_of_a_lost_connection_is_cancelled_and_not_mentioned_on_the_next(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ended = trio.Event()

    async def work(job: Job) -> bytes:
        if ended.is_set():
            return b"again"
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    async with scripted(1, work) as script:
        first = await script.accept_registered()
        await first.expect(GrabJobAll())
        await first.say(JOB)
        await trio.testing.wait_all_tasks_blocked()
        await first.hang_up()
        await ended.wait()
        second = await script.accept_registered()
        await second.expect(GrabJobAll())
        await second.say(JOB)
        await second.expect(WorkComplete(b"H:1", b"again"))


async def test_a_job_that_says_something_after_the_loss_is_not_stuck(
    autojump_clock: trio.testing.MockClock,
) -> None:
    said = trio.Event()

    async def work(job: Job) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):  # the writer has gone; there is nobody to tell
                for _ in range(1000):
                    await job.data(b"last words")
            said.set()

    async with scripted(1, work) as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        script.clogged = trio.Event()
        await line.say(JOB)
        await trio.testing.wait_all_tasks_blocked()
        await line.hang_up()
        script.clogged.set()
        await said.wait()


async def test_a_job_waits_while_the_server_does_not_read(autojump_clock: trio.testing.MockClock) -> None:
    said = 0

    async def work(job: Job) -> None:
        nonlocal said
        with trio.move_on_after(10):
            while True:
                await job.data(b"%d" % said)
                said += 1

    async with scripted(1, work) as script:
        line = await script.accept_registered()
        await line.expect(GrabJobAll())
        clogged = script.clogged = trio.Event()
        await line.say(JOB)
        await line.expect(WorkData(b"H:1", b"0"))
        with trio.move_on_after(20):
            await trio.sleep_forever()
        assert 10 < said < 1000
        clogged.set()
        for number in range(1, said):
            await line.expect(WorkData(b"H:1", b"%d" % number))
        await line.expect(WorkComplete(b"H:1", b""), GrabJobAll())


async def test_pauses_grow_while_a_server_is_down_and_are_short_again_after_it_was_there(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with scripted() as script:
        line = await script.accept_registered()
        for _ in range(3):
            script.up = False
            await line.hang_up()
            await trio.sleep(60)
            tried = script.dials
            await trio.sleep(60)
            assert 30 <= script.dials - tried <= 200  # two seconds apart at most, one on average
            script.up = True
            line = await script.accept_registered()
            await line.expect(GrabJobAll())
            await line.hang_up()
            lost = trio.current_time()
            line = await script.accept_registered()
            assert trio.current_time() - lost < 0.1
