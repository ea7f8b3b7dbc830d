"""A sleeper is woken early only where a job is as good as sure: who joins a job, or is refused, wakes nobody."""

import pytest

from protocol import (
    Error,
    JobCreated,
    Noop,
    PreSleep,
    SubmitJob,
    SubmitJobEpoch,
    WorkComplete,
)
from tests.broker.calling import comes_true, line_of, submits, warmed
from tests.broker.running import OpenRunning, Running, standing_still
from tests.servers import RedisServer

FAR_OFF = 4_000_000_000
"""In unix seconds."""


@pytest.fixture
def open_one(open_one: OpenRunning) -> OpenRunning:
    """Opens brokers that know that submits of f are not refused."""
    return warmed(open_one)


async def test_a_job_that_is_known_to_be_held_wakes_nobody(one: Running, shared_server: RedisServer) -> None:
    client, first, second = await one.peer(), await one.sleeper(b"f"), await one.sleeper(b"f")
    handle = await client.submit_background(b"f", b"", b"u")
    assert await first.hear() == Noop()
    assert (await first.grab()).handle == handle
    assert await client.submit_background(b"f", b"", b"u") == handle
    assert await second.heard() == []
    await first.say(WorkComplete(handle, b""))
    await first.heard()
    with standing_still(shared_server):
        await submits(client, b"", unique=b"u")
        assert await second.hear() == Noop()


async def test_a_function_that_may_be_full_wakes_nobody_before_redis_has_answered(
    one: Running, shared_server: RedisServer
) -> None:
    client, worker, operator = await one.peer(), await one.sleeper(b"f"), await one.peer()
    for line, early in ((b"maxqueue f 5", False), (b"maxqueue f", True)):
        assert await operator.ask_in_text(line) == b"OK\r\n"
        assert line_of(one).function.may_be_full
        for _ in range(2):  # the first tells of what was changed
            await client.submit_background(b"f", b"x")
            assert await worker.hear() == Noop()
            await worker.grab()
            await worker.fall_asleep()
        with standing_still(shared_server):
            await submits(client, b"x")
            await comes_true(lambda: line_of(one).handing == 1)
            assert bool(line_of(one).called) == early
        assert isinstance(await client.hear(), JobCreated)
        assert await worker.hear() == Noop()
        await worker.grab()
        await worker.fall_asleep()


async def test_a_function_that_was_full_may_be_so_again(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        client, worker = await here.peer(), await here.sleeper(b"f")
        assert await (await there.peer()).ask_in_text(b"maxqueue f 1") == b"OK\r\n"
        await (await there.peer()).submit_background(b"f", b"x")
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == b"x"
        await worker.fall_asleep()
        await client.say(SubmitJob(b"f", b"", b"", background=True))
        assert isinstance(await client.hear(), Error)
        assert await worker.hear() == Noop()  # nobody here knew
        assert await worker.finds_nothing()
        await worker.say(PreSleep())
        line_of(here).brought = True
        await client.say(SubmitJob(b"f", b"", b"", background=True))
        assert isinstance(await client.hear(), Error)
        assert await worker.heard() == []


async def test_a_job_that_runs_here_is_known_to_be_held_whenever_it_came(one: Running) -> None:
    client, first = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"", b"u")
    assert (await first.grab()).handle == handle
    second = await one.sleeper(b"f")
    assert await client.submit_background(b"f", b"", b"u") == handle
    assert await second.heard() == []


async def test_a_job_for_later_is_known_to_be_held(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    await client.say(SubmitJobEpoch(b"f", b"u", FAR_OFF, b""))
    handle = (await client.expect(JobCreated)).handle
    assert await client.submit_background(b"f", b"", b"u") == handle
    assert await worker.heard() == []


async def test_one_that_was_woken_in_vain_is_not_woken_again_before_a_job_has_come(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        client, worker = await here.peer(), await here.sleeper(b"f")
        elsewhere = await there.worker(b"f")
        handle = await (await there.peer()).submit_background(b"f", b"", b"u")
        assert await worker.hear() == Noop()  # by the notice
        assert (await elsewhere.grab()).handle == handle
        assert await worker.finds_nothing()
        await worker.say(PreSleep())
        assert await worker.heard() == []
        assert await client.submit_background(b"f", b"", b"u") == handle
        assert await worker.hear() == Noop()  # nobody here knows of that job
        assert await worker.finds_nothing()
        await worker.say(PreSleep())
        line = line_of(here)
        assert not line.brought
        here.broker.runs.uniques.forget(b"u")
        assert await client.submit_background(b"f", b"", b"u") == handle
        assert await worker.heard() == []
        await client.submit_background(b"f", b"x")
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == b"x"
        assert line.brought
