"""A sleeper is woken while its job is being stored, and what it asks meanwhile waits for that."""

import pytest

from broker.line import ALL_BITS
from persistence.pipe import Pipe
from protocol import (
    CantDo,
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GrabJobAll,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    PreSleep,
)
from tests.broker.calling import calls_and_lets_wait, comes_true, line_of, submits, waits, warmed
from tests.broker.running import OpenRunning, Running, impatient, standing_still
from tests.servers import RedisServer

A_LONG_TIME = 1000.0


@pytest.fixture
def open_one(open_one: OpenRunning) -> OpenRunning:
    """Opens brokers that know that submits of f are not refused."""
    return warmed(open_one)


async def test_a_sleeper_is_woken_before_redis_has_answered(one: Running, shared_server: RedisServer) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    with standing_still(shared_server):
        await calls_and_lets_wait(one, client, worker)
    handle = (await client.expect(JobCreated)).handle
    job = await worker.expect(JobAssignUniq)
    assert (job.handle, job.payload) == (handle, b"x")
    line = line_of(one)
    assert (line.handing, line.expected, len(line.called), len(line.waiting)) == (0, 0, 0, 0)


async def test_what_else_it_says_is_answered_behind_the_job(one: Running, shared_server: RedisServer) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    with standing_still(shared_server):
        await submits(client, b"x")
        assert await worker.hear() == Noop()
        await worker.say(GrabJobAll(), EchoReq(b"behind"))
        await waits(one)
    assert isinstance(await worker.hear(), JobAssignUniq)
    assert await worker.hear() == EchoRes(b"behind")


async def test_one_that_is_about_to_sleep_is_woken_by_its_sleep(one: Running, shared_server: RedisServer) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    assert await worker.finds_nothing()
    with standing_still(shared_server):
        await submits(client, b"x")
        await comes_true(lambda: line_of(one).expected == 1)
        assert await worker.ask(PreSleep()) == Noop()
        await worker.say(GrabJobAll())
        await waits(one)
    assert (await worker.expect(JobAssignUniq)).payload == b"x"


async def test_one_is_woken_for_each_and_no_more(one: Running, shared_server: RedisServer) -> None:
    client, sleepers = await one.peer(), [await one.sleeper(b"f") for _ in range(3)]
    late = [await one.worker(b"f") for _ in range(2)]
    with standing_still(shared_server):
        await submits(client, b"1", b"2")
        for sleeper in sleepers[:2]:
            assert await sleeper.hear() == Noop()
        await late[0].say(PreSleep())
        await comes_true(lambda: len(line_of(one).sleepers) == 2)
        for sleeper in sleepers[:2]:
            await sleeper.say(GrabJobAll())
        await waits(one, 2)
        assert await late[1].finds_nothing()
        await late[1].say(PreSleep())
        await comes_true(lambda: len(line_of(one).sleepers) == 3)
    assert sorted([(await sleeper.expect(JobAssignUniq)).payload for sleeper in sleepers[:2]]) == [b"1", b"2"]
    assert [await sleeper.heard() for sleeper in (sleepers[2], *late)] == [[], [], []]


async def test_the_others_that_are_to_be_woken_are_woken_when_the_job_is_there(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one(worker_wakeup=2) as one:
        client, sleepers = await one.peer(), [await one.sleeper(b"f") for _ in range(3)]
        with standing_still(shared_server):
            await calls_and_lets_wait(one, client, sleepers[0])
        assert isinstance(await sleepers[0].hear(), JobAssignUniq)
        assert [await sleeper.heard() for sleeper in sleepers[1:]] == [[Noop()], []]


async def test_one_whose_job_went_to_who_waited_sleeps_on_until_the_next(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one:
        client, promised, called = await one.peer(), await one.sleeper(b"f"), await one.sleeper(b"f")
        one.broker.runs.uniques.note(b"u")  # so it is not sure that the first brings a job
        with standing_still(shared_server):
            await submits(client, b"1", unique=b"u")
            await submits(client, b"2")
            assert await called.hear() == Noop()
            await called.say(GrabJobAll())
            await waits(one)
        assert (await called.expect(JobAssignUniq)).payload == b"1"
        assert await promised.hear() == Noop()
        assert (await promised.grab()).payload == b"2"


async def test_one_that_asks_before_the_woken_gets_the_job(one: Running, shared_server: RedisServer) -> None:
    client, woken, awake = await one.peer(), await one.sleeper(b"f"), await one.worker(b"f")
    with standing_still(shared_server):
        await submits(client, b"x")
        assert await woken.hear() == Noop()
        await awake.say(GrabJobAll())
        await waits(one)
        assert await woken.finds_nothing()
    assert (await awake.expect(JobAssignUniq)).payload == b"x"
    await woken.say(PreSleep())
    assert await woken.heard() == []


@pytest.mark.parametrize("ends", ["it hangs up", "it is dropped"])
async def test_one_whose_connection_ends_while_it_waits_leaves_the_job_to_others(
    open_one: OpenRunning, shared_server: RedisServer, ends: str
) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one:
        client, first, second = await one.peer(), await one.sleeper(b"f"), await one.sleeper(b"f")
        with standing_still(shared_server):
            await calls_and_lets_wait(one, client, first)
            if ends == "it hangs up":
                await first.stream.aclose()  # which is found out when its grab is answered
            else:
                next(iter(line_of(one).waiting)).drop("for a test")
                await comes_true(lambda: not line_of(one).waiting)
        assert isinstance(await client.hear(), JobCreated)
        assert await second.hear() == Noop()
        assert (await second.grab()).payload == b"x"


async def test_the_last_that_is_dropped_while_it_waits_leaves_the_job_to_other_brokers(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one, open_one() as elsewhere:
        client, worker = await one.peer(), await one.sleeper(b"f")
        with standing_still(shared_server):
            await calls_and_lets_wait(one, client, worker)
            next(iter(line_of(one).waiting)).drop("for a test")
            await comes_true(lambda: not line_of(one).workers)
        assert isinstance(await client.hear(), JobCreated)
        assert (await (await elsewhere.worker(b"f")).take()).payload == b"x"


@pytest.mark.parametrize("goes", ["leaves", "forgets", "sleeps", "dawdles"])
async def test_when_the_woken_does_not_come_another_is_woken(
    open_one: OpenRunning, shared_server: RedisServer, goes: str
) -> None:
    async with open_one(reservation_seconds=0.1 if goes == "dawdles" else A_LONG_TIME) as one:
        client, first, second = await one.peer(), await one.sleeper(b"f"), await one.sleeper(b"f")
        with standing_still(shared_server):
            await submits(client, b"x")
            assert await first.hear() == Noop()
            if goes == "leaves":
                await first.stream.aclose()
            elif goes == "forgets":
                await first.say(CantDo(b"f"))
            elif goes == "sleeps":
                # It is told again, for nobody else is on the way; then it leaves.
                assert await first.ask(PreSleep()) == Noop()
                await first.stream.aclose()
            await comes_true(lambda: not line_of(one).called)
        assert await second.hear() == Noop()
        assert (await second.grab()).payload == b"x"


async def test_one_that_takes_something_else_leaves_the_job_to_others(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one, open_one() as elsewhere:
        both, other = await one.sleeper(b"g", b"f"), await one.sleeper(b"f")
        client, there, line = await one.peer(), await elsewhere.peer(), line_of(one, b"g")
        one.broker.store.mind_no_more(line.function)  # so it sleeps beside what comes now
        await one.broker.store.pipe.ask(b"PING")
        await there.submit_background(b"g", b"of g")
        with standing_still(shared_server):
            await submits(client, b"of f")
            assert await both.hear() == Noop()
            line.bits = ALL_BITS
            await both.say(GrabJobAll())
            await comes_true(lambda: not line_of(one).called)
        assert (await both.expect(JobAssignUniq)).payload == b"of g"
        assert await other.hear() == Noop()
        assert (await other.grab()).payload == b"of f"


async def test_one_that_waits_for_what_does_not_come_is_told_that_there_is_no_job(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one() as here, open_one() as there:
        client, worker = await here.peer(), await here.sleeper(b"f")
        elsewhere = await there.worker(b"f")
        here.broker.store.mind_no_more(line_of(here).function)
        await here.broker.store.pipe.ask(b"PING")
        handle = await (await there.peer()).submit_background(b"f", b"", b"u")
        assert (await elsewhere.grab()).handle == handle
        with standing_still(shared_server):
            await submits(client, b"", unique=b"u")
            assert await worker.hear() == Noop()
            await worker.say(GrabJobAll(), EchoReq(b"behind"))
            await waits(here)
        assert (await client.expect(JobCreated)).handle == handle
        assert [await worker.hear(), await worker.hear()] == [NoJob(), EchoRes(b"behind")]


async def test_a_redis_that_breaks_off_leaves_nobody_waiting(open_one: OpenRunning, shared_server: RedisServer) -> None:
    async with open_one(reservation_seconds=0.1) as one:
        client, worker = await one.peer(), await one.sleeper(b"f")
        with standing_still(shared_server):
            await calls_and_lets_wait(one, client, worker)
            pipe = one.broker.store.pipe
            assert isinstance(pipe, Pipe)
            pipe.renew("for a test")
            assert await worker.hear() == NoJob()
        assert isinstance(await client.hear(), JobCreated)
        assert (await worker.take()).payload == b"x"


async def test_a_redis_that_stays_silent_leaves_nobody_waiting(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one() as one:
        client, worker = await one.peer(), await one.sleeper(b"f")
        with standing_still(shared_server), impatient(one):
            await submits(client, b"x")
            assert await worker.hear() == Noop()
            await worker.say(GrabJobAll())
            assert (await client.expect(Error)).code == ErrorCode.QUEUE_ERROR
            assert await worker.hear() == NoJob()


async def test_a_broker_that_leaves_begins_no_job_for_who_waits(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one() as elsewhere:
        async with open_one() as one:
            client, worker = await one.peer(), await one.sleeper(b"f")
            with standing_still(shared_server):
                await calls_and_lets_wait(one, client, worker)
                one.broker.leaving = True
            assert isinstance(await client.hear(), JobCreated)
            assert await worker.hear() == NoJob()
        taken = await (await elsewhere.worker(b"f")).take()
        assert taken.payload == b"x"
