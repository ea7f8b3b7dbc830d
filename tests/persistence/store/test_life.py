"""A job's life, one verb at a time."""

import pytest

from persistence import Manner, Outcome, Submitted
from persistence.jobs import Counts, JobStatus
from protocol import Priority
from tests.persistence.pipes import until
from tests.persistence.record import number_of
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import FUNCTION, Standin, payloads
from tests.servers import RedisServer

HIGH, NORMAL, LOW = Priority
QUEUED, JOINED = Submitted.QUEUED, Submitted.JOINED


async def test_a_submitted_job_is_claimed_run_and_over(broker: Standin) -> None:
    submitted = await broker.submit(b"cat\0jpg", unique=b"u")
    assert submitted.outcome is QUEUED
    job = await broker.claim()
    assert (job.function, job.id, job.payload, job.unique) == (FUNCTION, submitted.id, b"cat\0jpg", b"u")
    assert (job.attempt, job.priority, job.background, job.listeners) == (1, NORMAL, True, b"")
    assert await broker.finish(job) == b"finished"
    assert (await broker.look()).job is None


async def test_nothing_is_left_of_a_job_that_is_over(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit(unique=b"u", background=False)
    job = await broker.claim()
    broker.store.ending.progress(broker.function(), job.id, 1, 1, 3)
    await broker.finish(job)
    tag = broker.function().tag
    behind = {key for key in picture(redis_server.client()) if key.startswith(tag)}
    assert behind == {tag + b":function", tag + b":incarnations"}


async def test_a_thousand_jobs_come_in_the_order_in_which_they_went(broker: Standin) -> None:
    submits = [broker.submit_soon(b"%d" % number) for number in range(1000)]
    await broker.settled()
    assert all(answers[0].outcome is QUEUED for answers in submits)
    jobs = [await broker.claim() for _ in range(1000)]
    assert payloads(jobs) == [b"%d" % number for number in range(1000)]
    assert [number_of(job.id) for job in jobs] == list(range(1, 1001))


async def test_high_goes_before_normal_before_low_and_fifo_within(broker: Standin) -> None:
    for at, priority in enumerate([LOW, NORMAL, HIGH, LOW, NORMAL, HIGH]):
        await broker.submit(b"%d" % at, priority=priority)
    looks = [await broker.look() for _ in range(7)]
    assert [getattr(look.job, "payload", None) for look in looks] == [b"2", b"5", b"1", b"4", b"0", b"3", None]
    assert [look.empty for look in looks] == [0, 0b001, 0b001, 0b011, 0b011, 0b111, 0b111]


async def test_a_claim_down_to_a_priority_leaves_what_is_below_it(broker: Standin) -> None:
    await broker.submit(priority=LOW)
    look = await broker.look(lowest=1)
    assert (look.job, look.empty, look.left) == (None, 0b011, 0)
    assert (await broker.claim(lowest=2)).priority is LOW


async def test_a_claim_says_how_many_are_left(broker: Standin) -> None:
    for _ in range(3):
        await broker.submit()
    assert [(await broker.look()).left for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("length", [65_529, 65_530, 10_000_000])
async def test_a_payload_comes_whole_whatever_its_length(broker: Standin, length: int) -> None:
    await broker.submit(bytes(length - 1) + b"x")
    job = await broker.claim()
    assert len(job.payload) == length
    assert job.payload.endswith(b"\0x")


async def test_a_unique_coalesces_while_its_job_is_queued_or_runs_and_no_longer(broker: Standin) -> None:
    first = await broker.submit(unique=b"u")
    assert await broker.submit(unique=b"u") == (JOINED, first.id, None)
    job = await broker.claim()
    assert await broker.submit(unique=b"u") == (JOINED, first.id, None)
    await broker.finish(job)
    again = await broker.submit(unique=b"u")
    assert again.outcome is QUEUED
    assert again.id != first.id


async def test_uniques_coalesce_over_brokers_but_not_over_functions(broker: Standin, other: Standin) -> None:
    first = await broker.submit(unique=b"u")
    assert await other.submit(unique=b"u") == (JOINED, first.id, None)
    assert (await other.submit(unique=b"u", function=b"other")).outcome is QUEUED
    assert (await other.submit(unique=b"")).outcome is QUEUED


async def test_of_the_jobs_that_hold_a_unique_the_newest_is_told_of_whichever_broker_took_it(
    broker: Standin, other: Standin
) -> None:
    functions = [b"f", b"g", b"h", b"f"]
    for number, function in enumerate(functions):
        unique = b"u%d" % (number // 3)
        submitted = await (broker, other)[number % 2].submit(unique=unique, function=function)
        told = await broker.status_of_unique(unique)
        assert isinstance(told, JobStatus)
        assert (told.function, told.id) == (function, submitted.id)
    await broker.submit(unique=b"u0", function=b"g")  # it joins, and makes the job no newer
    for newest in (b"h", b"g", b"f"):
        told = await broker.status_of_unique(b"u0")
        assert isinstance(told, JobStatus)
        assert told.function == newest
        await broker.finish(await broker.claim(newest))


async def test_a_submit_hands_over_the_oldest_job_in_the_same_trip(broker: Standin) -> None:
    await broker.submit(b"older", priority=LOW)
    answer = await broker.submit(b"newer", priority=NORMAL, handed=True)
    assert answer.handed is not None
    assert answer.handed.payload == b"newer"  # the best priority goes first
    answer = await broker.submit(b"newest", priority=LOW, handed=True)
    assert answer.handed is not None
    assert answer.handed.payload == b"older"
    assert (await broker.claim()).payload == b"newest"


async def test_a_large_job_is_handed_over_too_when_it_has_been_fetched(broker: Standin) -> None:
    broker.keep_nothing()
    answers = broker.submit_soon(bytes(100_000), handed=True)
    await until(lambda: bool(answers) and answers[0].handed is not None)
    assert answers[0].outcome is QUEUED
    assert answers[0].handed is not None
    assert len(answers[0].handed.payload) == 100_000


async def test_a_submit_that_joins_hands_nothing_over(broker: Standin) -> None:
    await broker.submit(unique=b"u")
    answer = await broker.submit(unique=b"u", handed=True)
    assert (answer.outcome, answer.handed) == (JOINED, None)
    assert (await broker.counts()).queued == (0, 1, 0)


async def test_a_job_whose_worker_died_goes_to_the_tail_and_one_given_back_to_the_head(broker: Standin) -> None:
    for payload in (b"suspect", b"innocent", b"rest"):
        await broker.submit(payload)
    suspect, innocent = await broker.claim(), await broker.claim()
    assert await broker.requeue(suspect, manner=Manner.SUSPECT) == [b"requeued"]
    assert await broker.requeue(innocent, manner=Manner.HOUSE) == [b"requeued"]
    jobs = [await broker.claim() for _ in range(3)]
    assert payloads(jobs) == [b"innocent", b"rest", b"suspect"]
    assert [job.attempt for job in jobs] == [2, 1, 2]


async def test_several_given_back_newest_claim_first_stand_as_they_stood(broker: Standin) -> None:
    for number in range(4):
        await broker.submit(b"%d" % number)
    jobs = [await broker.claim() for _ in range(3)]
    newest_first = sorted(jobs, key=lambda job: -job.number)
    await broker.requeue(*newest_first, manner=Manner.HOUSE)
    assert payloads([await broker.claim() for _ in range(4)]) == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize(("limit", "runs"), [(-1, None), (0, 1), (1, 1), (3, 3)], ids=["without end", "0", "1", "3"])
async def test_attempts_have_a_limit_and_runs_lost_by_the_house_do_not_count(
    broker: Standin, redis_server: RedisServer, limit: int, runs: int | None
) -> None:
    submitted = await broker.submit(b"poison", unique=b"u")
    await broker.requeue(await broker.claim(), manner=Manner.HOUSE, limit=limit)
    words: list[bytes] = []
    while words[-1:] != [b"dead"] and len(words) < 5:
        words += await broker.requeue(await broker.claim(), manner=Manner.SUSPECT, limit=limit)
    counts = await broker.counts()
    assert len(words) == (5 if runs is None else runs)
    assert (counts.dead, counts.requeued) == (0 if runs is None else 1, 1)
    remains = redis_server.client().hkeys(broker.function().tag + b":remains")
    assert remains == ([] if runs is None else [submitted.id])
    assert (await broker.submit(unique=b"u")).outcome is (JOINED if runs is None else QUEUED)


async def test_the_dead_keep_their_attempts_and_their_record(broker: Standin, redis_server: RedisServer) -> None:
    submitted = await broker.submit(b"poi\0son")
    await broker.requeue(await broker.claim(), manner=Manner.HOUSE)
    await broker.requeue(await broker.claim(), manner=Manner.SUSPECT, limit=1)
    tag = broker.function().tag
    remains = redis_server.client().hget(tag + b":remains", submitted.id)
    assert isinstance(remains, bytes)
    assert remains[:6] == bytes([0, 0, 0, 2, 0, 1])
    assert broker.read_record(remains[6:]) == b"poi\0son"
    assert redis_server.client().zrange(tag + b":dead", 0, -1) == [submitted.id]


async def test_a_late_success_of_an_earlier_run_ends_the_job_wherever_it_is(broker: Standin, other: Standin) -> None:
    await broker.submit(b"a")
    await broker.submit(b"b")
    queued, running = await broker.claim(), await broker.claim()
    await broker.requeue(queued, running)
    assert await broker.finish(queued) == b"finished"
    again = await other.claim()
    assert (again.payload, again.attempt) == (b"b", 2)
    assert await broker.finish(running) == b"finished"
    assert await other.finish(again) == b"gone"
    counts = await other.counts()
    assert (counts.completed, counts.total, counts.running) == (2, 0, 0)


async def test_a_late_failure_counts_only_until_somebody_else_has_the_job(broker: Standin) -> None:
    await broker.submit()
    first = await broker.claim()
    await broker.requeue(first)
    second = await broker.claim()
    assert await broker.finish(first, outcome=Outcome.FAILED) == b"superseded"
    await broker.requeue(second)
    assert await broker.finish(second, outcome=Outcome.FAILED) == b"finished"
    assert (await broker.counts()).failed == 1


async def test_a_job_of_which_nobody_knows_anything_more_is_gone(broker: Standin) -> None:
    await broker.submit()
    job = await broker.claim()
    await broker.finish(job)
    assert await broker.finish(job) == b"gone"
    assert await broker.requeue(job) == [b"gone"]
    assert (await broker.counts()).completed == 1


async def test_any_broker_answers_how_a_job_does(broker: Standin, other: Standin) -> None:
    submitted = await broker.submit(unique=b"u")
    handle = broker.handle(submitted.id)
    assert await other.status(handle) == JobStatus(known=True)
    job = await broker.claim()
    broker.store.ending.progress(broker.function(), job.id, 1, 4_294_967_295, 7)
    await broker.settled()
    assert await other.status(handle) == JobStatus(True, True, 4_294_967_295, 7)
    assert await other.status_of_unique(b"u") == JobStatus(True, True, 4_294_967_295, 7, FUNCTION, submitted.id)
    await broker.finish(job)
    for unknown in (handle, b"H:lap:1", b""):
        assert await other.status(unknown) == JobStatus(known=False)
    assert await other.status_of_unique(b"u") == JobStatus(known=False)


async def test_a_unique_is_found_in_whatever_function_it_is_and_who_waits_is_told(
    broker: Standin, other: Standin
) -> None:
    for number in range(20):
        await broker.submit(function=b"f%d" % number, unique=b"%d" % number)
    submitted = await broker.submit(function=b"f", unique=b"u", background=False)
    await other.submit(function=b"f", unique=b"u", background=False)
    found = await other.status_of_unique(b"u")
    assert isinstance(found, JobStatus)
    assert (found.known, found.running, found.id) == (True, False, submitted.id)
    assert found.listeners == (broker.name, other.name)


async def test_progress_survives_the_loss_of_a_broker_but_not_that_of_a_worker(broker: Standin) -> None:
    submitted = await broker.submit()
    handle = broker.handle(submitted.id)
    job = await broker.claim()
    broker.store.ending.progress(broker.function(), job.id, job.attempt, 2, 3)
    await broker.requeue(job, manner=Manner.HOUSE)
    assert await broker.status(handle) == JobStatus(True, False, 2, 3)
    await broker.requeue(await broker.claim(), manner=Manner.SUSPECT)
    assert await broker.status(handle) == JobStatus(True, False, 0, 0)


async def test_progress_of_a_run_that_is_no_more_is_ignored(broker: Standin) -> None:
    submitted = await broker.submit()
    first = await broker.claim()
    await broker.requeue(first)
    await broker.claim()
    broker.store.ending.progress(broker.function(), first.id, first.attempt, 2, 3)
    await broker.settled()
    assert await broker.status(broker.handle(submitted.id)) == JobStatus(True, True, 0, 0)


async def test_counters_are_exact_over_brokers(broker: Standin, other: Standin) -> None:
    for number in range(6):
        await (broker, other)[number % 2].submit(unique=b"%d" % number)
    await other.submit(unique=b"5")
    await broker.submit(run_at=4_000_000_000)
    await broker.submit(priority=HIGH)
    high, first, second, third = [await broker.claim() for _ in range(4)]
    await broker.finish(high)
    await broker.finish(first, outcome=Outcome.FAILED)
    await broker.requeue(second)
    await broker.requeue(third, manner=Manner.HOUSE)
    fourth = await other.claim()
    await other.requeue(fourth, limit=1)
    await other.claim()
    assert await other.counts() == Counts(
        function=FUNCTION,
        queued=(0, 3, 0),
        scheduled=1,
        running=1,
        submitted=8,
        coalesced=1,
        completed=1,
        failed=1,
        retried=1,
        requeued=1,
        dead=1,
    )
    assert await other.store.asking.functions() == [FUNCTION]


async def test_a_full_function_refuses_more_but_joins(broker: Standin, redis_server: RedisServer) -> None:
    first = await broker.submit(unique=b"u", priority=HIGH)
    redis_server.client().hset(broker.store.link.keys.function(broker.function().tag), "limits", "2 1 0")
    assert (await broker.submit(priority=NORMAL)).outcome is Submitted.FULL
    assert (await broker.submit(unique=b"u")).outcome is JOINED
    assert (await broker.submit(priority=HIGH)).outcome is QUEUED
    assert (await broker.submit(priority=HIGH)).outcome is Submitted.FULL
    assert (await broker.submit(priority=LOW)).outcome is QUEUED
    assert (await broker.claim()).id == first.id


async def test_jobs_of_functions_with_strange_names_are_kept_apart(broker: Standin) -> None:
    names = [b"\xff{}", b"{a}", b"a:b", b" ", b"x" * 8000]
    for name in names:
        await broker.submit(name[:4], function=name)
    for name in names:
        assert (await broker.claim(name)).payload == name[:4]
    assert await broker.store.asking.functions() == sorted(names)
