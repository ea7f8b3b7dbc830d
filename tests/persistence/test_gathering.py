"""What one event asks of Redis, gathered: how much that is, and that it is the same as if each had asked alone."""

import pytest
import trio

from persistence import ClaimedJob, JobStatus, StoreError, Submitted
from persistence.steering import Dropped
from tests.persistence.pipes import until
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import RedisServer


@pytest.fixture
async def broker(redis_server: RedisServer, nursery: trio.Nursery) -> Standin:
    broker = Standin(redis_server, presence_ttl_seconds=3600)
    await nursery.start(lambda task_status: broker.run(task_status=task_status))
    broker.function()
    await broker.settled()
    return broker


def commands(broker: Standin) -> int:
    return broker.store.pipe.statistics().commands


async def running(broker: Standin, count: int) -> list[ClaimedJob]:
    for at in range(count):
        await broker.submit(b"%d" % at, unique=b"u%d" % at)
    return [await broker.claim() for _ in range(count)]


async def test_submits_claims_and_ends_of_an_event_are_a_command_each(broker: Standin) -> None:
    ran = await running(broker, 3)
    before = commands(broker)
    broker.store.gather()
    submits = [broker.submit_soon(b"new%d" % at) for at in range(5)]
    claims = [broker.claim_soon() for _ in range(5)]
    ends = [broker.finish_soon(job) for job in ran]
    broker.store.flush()
    await until(lambda: all(submits) and all(claims) and all(ends))
    assert commands(broker) - before == 3
    assert ends == [[b"finished"]] * 3
    jobs = [looks[0].job for looks in claims]
    assert [job.payload for job in jobs if isinstance(job, ClaimedJob)] == [b"new%d" % at for at in range(5)]
    counts = await broker.counts()
    assert (counts.total, counts.running, counts.completed, counts.submitted) == (5, 5, 3, 8)


async def test_who_asked_first_gets_the_oldest_and_who_asked_too_late_nothing(broker: Standin) -> None:
    await broker.submit(b"older")
    await broker.submit(b"newer")
    broker.store.gather()
    claims = [broker.claim_soon() for _ in range(3)]
    broker.store.flush()
    await until(lambda: all(claims))
    first, second, third = (looks[0] for looks in claims)
    assert isinstance(first.job, ClaimedJob)
    assert isinstance(second.job, ClaimedJob)
    assert (first.job.payload, second.job.payload, third.job) == (b"older", b"newer", None)
    assert first.job.number < second.job.number
    assert third.empty == 0b111


async def test_a_job_that_is_handed_out_comes_whole_also_beside_submits_that_want_none(broker: Standin) -> None:
    broker.store.gather()
    submits = [broker.submit_soon(b"first", handed=True), broker.submit_soon(b"second")]
    broker.store.flush()
    await until(lambda: all(submits))
    handed = submits[0][0].handed
    assert handed is not None, "it must be fetched first"
    assert handed.payload == b"first"


async def test_equal_uniques_of_one_event_are_one_job(broker: Standin) -> None:
    broker.store.gather()
    submits = [broker.submit_soon(unique=b"u") for _ in range(3)]
    broker.store.flush()
    await until(lambda: all(submits))
    first, *others = (answers[0] for answers in submits)
    assert first.outcome is Submitted.QUEUED
    assert [(answer.outcome, answer.id) for answer in others] == [(Submitted.JOINED, first.id)] * 2
    assert (await broker.counts()).coalesced == 2


async def test_a_submit_joins_the_job_that_ends_after_it_and_not_the_one_that_ended_before(broker: Standin) -> None:
    (job,) = await running(broker, 1)
    broker.store.gather()
    joining = broker.submit_soon(unique=job.unique)
    end = broker.finish_soon(job)
    anew = broker.submit_soon(unique=job.unique)
    broker.store.flush()
    await until(lambda: bool(joining and end and anew))
    assert joining[0][:2] == (Submitted.JOINED, job.id)
    assert end == [b"finished"]
    assert anew[0].outcome is Submitted.QUEUED
    assert anew[0].id != job.id


async def test_a_run_that_ends_several_times_in_one_event_ends_once(broker: Standin) -> None:
    (job,) = await running(broker, 1)
    broker.store.gather()
    ends = [broker.finish_soon(job) for _ in range(3)]
    broker.store.flush()
    await until(lambda: all(ends))
    assert ends == [[b"finished"], [b"gone"], [b"gone"]]
    assert (await broker.counts()).completed == 1


async def test_a_question_hears_of_what_was_gathered_before_it(broker: Standin) -> None:
    (job,) = await running(broker, 1)
    broker.store.gather()
    end = broker.finish_soon(job)
    statuses: list[JobStatus | StoreError] = []
    broker.store.asking.status(job.handle, statuses.append)
    broker.store.flush()
    await until(lambda: bool(end and statuses))
    assert statuses == [JobStatus(known=False)]


async def test_nothing_is_left_in_redis_of_jobs_that_ended_together(broker: Standin, redis_server: RedisServer) -> None:
    ran = await running(broker, 4)
    waited_for = [await broker.submit(background=False) for _ in range(2)]
    ran += [await broker.claim() for _ in waited_for]
    broker.store.gather()
    ends = [broker.finish_soon(job) for job in ran]
    broker.store.flush()
    await until(lambda: all(ends))
    tag = broker.function(FUNCTION).tag.decode()
    left = {key.decode().removeprefix(tag) for key in redis_server.client().keys(tag + "*")}
    assert left == {":function", ":incarnations"}


async def test_submits_to_a_function_that_was_dropped_introduce_it_once_and_come_again_together(
    broker: Standin,
) -> None:
    assert await broker.store.steering.drop(FUNCTION) is Dropped.DROPPED
    before = commands(broker)
    broker.store.gather()
    submits = [broker.submit_soon(b"%d" % at) for at in range(5)]
    broker.store.flush()
    await until(lambda: all(submits))
    assert commands(broker) - before == len(["stored", "listed", "introduced", "stored"])
    assert [answers[0].outcome for answers in submits] == [Submitted.QUEUED] * 5
    assert [(await broker.claim()).payload for _ in submits] == [b"%d" % at for at in range(5)]


@pytest.mark.parametrize("count", [300, 129])
async def test_more_than_one_script_should_do_are_several(broker: Standin, count: int) -> None:
    before = commands(broker)
    broker.store.gather()
    submits = [broker.submit_soon() for _ in range(count)]
    broker.store.flush()
    await until(lambda: all(submits))
    assert commands(broker) - before == -(-count // 128)
    assert [answers[0].outcome for answers in submits] == [Submitted.QUEUED] * count


@pytest.mark.parametrize(("aloud", "scripts"), [(True, 3), (False, 1)])
async def test_results_that_travel_are_no_more_in_one_script_than_a_pipe_takes(
    broker: Standin, aloud: bool, scripts: int
) -> None:
    ran = await running(broker, 5)
    before = commands(broker)
    broker.store.gather()
    ends = [broker.finish_soon(job, b"x" * 100_000, aloud=aloud) for job in ran]
    broker.store.flush()
    await until(lambda: all(ends))
    assert commands(broker) - before == scripts
    assert ends == [[b"finished"]] * 5
