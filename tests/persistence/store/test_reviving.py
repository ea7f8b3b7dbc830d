"""Jobs that were given up: listed, revived, or taken away for good; over brokers, restarts and lost answers."""

import pytest
import trio

from persistence import (
    ClaimedJob,
    DeadJob,
    Dropped,
    JobId,
    JobStatus,
    Limits,
    Manner,
    Outcome,
    Revival,
    Revived,
    StoreUnavailableError,
    Submitted,
)
from persistence.listing import MOST_JOBS, PAGE_RECORD_BYTES, RecordPages
from persistence.scripts import REVIVE
from protocol import Priority
from tests.persistence.pipes import until
from tests.persistence.store.beside import LARGE, STAYS, left
from tests.persistence.store.conftest import Start
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import FUNCTION, Standin, payloads
from tests.servers import AOF, MakeServer, RedisServer

REVIVED = Revival(Revived.REVIVED)
UNKNOWN = Revival(Revived.UNKNOWN)


async def given_up(
    broker: Standin, payload: bytes = b"poison", *, unique: bytes = b"", function: bytes = FUNCTION
) -> JobId:
    """A job that killed its worker, and is not to have another; nothing else is queued."""
    submitted = await broker.submit(payload, unique=unique, function=function)
    assert await broker.requeue(await broker.claim(function), limit=1) == [b"dead"]
    return submitted.id


async def all_dead(pages: RecordPages[DeadJob]) -> list[list[DeadJob]]:
    read = []
    while (page := await pages.jobs()) is not None:
        read.append(page)
    return read


async def dead(broker: Standin, function: bytes = FUNCTION) -> list[bytes]:
    return [job.handle for page in await all_dead(broker.store.listing.dead(function)) for job in page]


# --- listing ------------------------------------------------------------------------------------------------------


async def test_the_dead_are_listed_with_their_end_and_all_their_runs(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit(b"lives on", priority=Priority.LOW)
    submitted = await broker.submit(b"poison")
    since = int(redis_server.client().time()[0])
    for manner in (Manner.HOUSE, Manner.SUSPECT, Manner.SUSPECT):
        await broker.requeue(await broker.claim(lowest=1), manner=manner, limit=2)
    (page,) = await all_dead(other.store.listing.dead(FUNCTION))
    (job,) = page
    assert (job.handle, job.attempts) == (broker.handle(submitted.id), 3)
    assert since <= job.since <= int(redis_server.client().time()[0])


async def test_the_functions_that_have_some_are_told(broker: Standin) -> None:
    for function in (b"f", b"h"):
        await given_up(broker, function=function)
    await broker.submit(function=b"g")
    assert await broker.store.listing.with_dead([b"f", b"g", b"h", b"nobody knows it"]) == [b"f", b"h"]
    assert await broker.store.listing.with_dead([]) == []
    assert await all_dead(broker.store.listing.dead(b"g")) == [[]]


async def many_given_up(broker: Standin, count: int, payload: bytes = b"x") -> set[bytes]:
    for _ in range(count):
        broker.submit_soon(payload)
    looks = [broker.claim_soon() for _ in range(count)]
    await until(lambda: all(looks))
    jobs = [look[0].job for look in looks]
    assert await broker.requeue(*[job for job in jobs if isinstance(job, ClaimedJob)], limit=1) == [b"dead"] * count
    return {job.handle for job in jobs if isinstance(job, ClaimedJob)}


async def test_many_are_on_pages_of_bounded_length(broker: Standin) -> None:
    handles = await many_given_up(broker, 1000)
    pages = await all_dead(broker.store.listing.dead(FUNCTION))
    assert {job.handle for page in pages for job in page} == handles
    assert len(pages) > 1000 / MOST_JOBS
    assert max(map(len, pages)) < 2 * MOST_JOBS


async def test_long_ones_make_short_pages(broker: Standin) -> None:
    handles = await many_given_up(broker, 60, bytes(PAGE_RECORD_BYTES // 5))
    pages = await all_dead(broker.store.listing.dead(FUNCTION))
    assert {job.handle for page in pages for job in page} == handles
    assert max(map(len, pages)) < 50


async def test_who_stays_dead_is_listed_whoever_is_revived_meanwhile(broker: Standin) -> None:
    handles = sorted(await many_given_up(broker, 600))
    leaving = handles[::2]
    pages = broker.store.listing.dead(FUNCTION)
    listed: set[bytes] = set()
    while (page := await pages.jobs()) is not None:
        listed.update(job.handle for job in page)
        for _ in range(min(100, len(leaving))):
            assert await broker.store.steering.revive(leaving.pop()) == REVIVED
    assert listed >= set(handles[1::2])


# --- reviving -----------------------------------------------------------------------------------------------------


async def test_a_revived_job_stands_at_the_tail_and_holds_its_unique(broker: Standin, other: Standin) -> None:
    job = await given_up(broker, b"poison", unique=b"u")
    await broker.submit(b"before it")
    assert await other.store.steering.revive(broker.handle(job)) == REVIVED
    assert await broker.status(broker.handle(job)) == JobStatus(known=True)
    assert (await broker.submit(unique=b"u")).outcome is Submitted.JOINED
    assert payloads([await broker.claim() for _ in range(2)]) == [b"before it", b"poison"]
    assert await dead(other) == []


@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.LOW])
async def test_it_keeps_its_priority_and_who_claims_at_that_is_told(
    broker: Standin, other: Standin, priority: Priority
) -> None:
    submitted = await broker.submit(priority=priority)
    assert await broker.requeue(await broker.claim(), limit=1) == [b"dead"]
    other.store.listen(other.function())
    await other.settled()
    assert await broker.store.steering.revive(broker.handle(submitted.id)) == REVIVED
    await until(lambda: other.events.notices == [(FUNCTION, priority)])
    assert (await other.claim()).id == submitted.id


async def test_nothing_is_charged_to_it_any_more_but_its_runs_are_numbered_on(broker: Standin) -> None:
    submitted = await broker.submit()
    first = await broker.claim()
    assert await broker.requeue(first, limit=2) == [b"requeued"]
    assert await broker.requeue(await broker.claim(), limit=2) == [b"dead"]
    assert await broker.store.steering.revive(broker.handle(submitted.id)) == REVIVED
    again = await broker.claim()
    assert again.attempt == 3
    assert await broker.finish(first, outcome=Outcome.FAILED) == b"superseded", "an old run spoke for the new one"
    assert await broker.requeue(first) == [b"gone"]
    assert await broker.requeue(again, limit=2) == [b"requeued"]
    assert await broker.requeue(await broker.claim(), limit=2) == [b"dead"]


async def test_a_late_success_of_an_old_run_ends_it(broker: Standin) -> None:
    submitted = await broker.submit(unique=b"u")
    old = await broker.claim()
    await broker.requeue(old, limit=1)
    await broker.store.steering.revive(broker.handle(submitted.id))
    assert await broker.finish(old) == b"finished"
    assert (await broker.look()).job is None
    assert (await broker.counts()).total == 0


async def test_the_counters_stay_true(broker: Standin, other: Standin) -> None:
    first, second, third = [await given_up(broker) for _ in range(3)]
    counts = await broker.counts()
    assert (counts.dead, counts.total, counts.running, counts.submitted) == (3, 0, 0, 3)
    for job in (first, second):
        await other.store.steering.revive(broker.handle(job))
    counts = await other.counts()
    assert (counts.dead, counts.queued, counts.running, counts.submitted) == (1, (0, 2, 0), 0, 3)
    await broker.finish(await broker.claim())
    await broker.claim()
    counts = await broker.counts()
    assert (counts.dead, counts.total, counts.running, counts.completed) == (1, 1, 1, 1)
    assert await dead(broker) == [broker.handle(third)]


async def test_a_job_that_somebody_waited_for_runs_in_the_background(broker: Standin) -> None:
    submitted = await broker.submit(background=False)
    assert await broker.requeue(await broker.claim(), limit=1) == [b"dead"]
    assert await broker.store.steering.revive(broker.handle(submitted.id)) == REVIVED
    job = await broker.claim()
    assert (job.background, job.listeners) == (True, b"")
    assert await broker.requeue(job) == [b"requeued"], "nobody waits for it, and it went"


async def test_limits_are_not_asked_and_it_counts(broker: Standin) -> None:
    job = await given_up(broker)
    await broker.store.steering.limit(FUNCTION, Limits(1, 1, 1))
    assert (await broker.submit()).outcome is Submitted.QUEUED
    assert await broker.store.steering.revive(broker.handle(job)) == REVIVED
    await broker.finish(await broker.claim())
    assert (await broker.submit()).outcome is Submitted.FULL


async def test_one_whose_unique_another_job_holds_is_refused_until_that_is_over(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    job = await given_up(broker, unique=b"u")
    holder = await other.submit(b"its heir", unique=b"u")
    before = picture(redis_server.client(), but=(b":beats",))
    handle = broker.handle(job)
    assert await broker.store.steering.revive(handle) == Revival(Revived.HELD, broker.handle(holder.id))
    assert picture(redis_server.client(), but=(b":beats",)) == before
    await other.finish(await other.claim())
    assert await broker.store.steering.revive(handle) == REVIVED


async def test_a_job_that_was_not_given_up_is_left_alone(broker: Standin, other: Standin) -> None:
    job = await given_up(broker)
    handle = broker.handle(job)
    assert await broker.store.steering.revive(handle) == REVIVED
    assert await other.store.steering.revive(handle) == Revival(Revived.ALIVE)
    claimed = await broker.claim()
    assert await other.store.steering.revive(handle) == Revival(Revived.ALIVE)
    await broker.finish(claimed)
    assert await other.store.steering.revive(handle) == UNKNOWN
    counts = await broker.counts()
    assert (counts.submitted, counts.completed, counts.dead, counts.total) == (1, 1, 0, 0)


@pytest.mark.parametrize("handle", [b"H:nowhere:1", b"", b"H:aaaaaaaaaaaaaaaa:aaaaaaaaaaaa:1"])
async def test_what_is_no_job_of_ours_cannot_be_revived(broker: Standin, handle: bytes) -> None:
    assert await broker.store.steering.revive(handle) == UNKNOWN


async def test_a_repeated_submit_of_a_revived_job_finds_it(broker: Standin, other: Standin) -> None:
    job = await given_up(broker, unique=b"u")
    await other.store.steering.revive(broker.handle(job))
    joined = await other.submit(unique=b"u")
    assert (joined.outcome, joined.id) == (Submitted.JOINED, job)


async def test_one_of_a_function_that_was_dropped_waits_until_that_is_made_again(broker: Standin) -> None:
    old = broker.handle(await given_up(broker))
    assert await broker.store.steering.drop(FUNCTION) is Dropped.DROPPED
    assert await broker.store.steering.revive(old) == Revival(Revived.UNMET)
    await broker.store.steering.create(FUNCTION)
    assert await broker.store.listing.with_dead([FUNCTION]) == [FUNCTION]
    new = broker.handle(await given_up(broker))
    assert sorted(await dead(broker)) == sorted([old, new])
    for handle in (new, old):
        assert await broker.store.steering.revive(handle) == REVIVED
    await broker.claim()
    counts = await broker.counts()
    assert (counts.total, counts.running, counts.queued, counts.dead) == (2, 1, (0, 1, 0), 0)


async def test_a_large_payload_stays_with_it(broker: Standin, other: Standin, redis_server: RedisServer) -> None:
    job = await given_up(broker, LARGE)
    assert await other.store.steering.revive(broker.handle(job)) == REVIVED
    assert left(redis_server) == {job: STAYS}
    claimed = await other.claim()
    assert claimed.payload == LARGE
    await other.finish(claimed)
    assert left(redis_server) == {}


async def test_the_dead_and_the_revived_survive_all_brokers_and_redis(make_server: MakeServer, start: Start) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server))
    revived, still_dead = [await given_up(broker, payload) for payload in (b"revived", b"dead")]
    assert await broker.store.steering.revive(broker.handle(revived)) == REVIVED
    await broker.abandon()
    server.kill()
    server.start()
    again = await start(Standin(server))
    assert (await again.claim()).payload == b"revived"
    assert await dead(again) == [again.handle(still_dead)]
    assert await again.store.steering.revive(again.handle(still_dead)) == REVIVED
    assert (await again.claim()).payload == b"dead"


@pytest.mark.parametrize("then", ["it is queued", "it is over"])
async def test_a_revival_whose_answer_was_lost_is_answered_as_done(
    broker: Standin, other: Standin, redis_server: RedisServer, then: str
) -> None:
    job = await given_up(broker)
    latch = broker.function().tag + b":latch"
    broker.store.pipe.post(["BLPOP", latch, 0], lambda reply: None)  # what is sent behind it is not executed
    answers: list[Revival] = []

    async def revive() -> None:
        answers.append(await broker.store.steering.revive(broker.handle(job)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(revive)
        await until(lambda: broker.store.pipe.statistics().in_flight == 2)
        # In its place, with the same effect; then the connection is gone before it is answered.
        await other.store.pipe.ask(*REVIVE.call(broker.function().tag, job))
        if then == "it is over":
            await other.finish(await other.claim())
        redis_server.cut()
    assert answers == [REVIVED]
    assert (await other.counts()).total == (1 if then == "it is queued" else 0)


async def test_during_an_outage_operators_are_told(redis_server: RedisServer, start: Start) -> None:
    broker = await start(Standin(redis_server, store_timeout_seconds=0.3))
    handle = broker.handle(await given_up(broker))
    redis_server.pause()
    try:
        with pytest.raises(StoreUnavailableError):
            await broker.store.steering.revive(handle)
        with pytest.raises(StoreUnavailableError):
            await broker.store.listing.with_dead([FUNCTION])
        with pytest.raises(StoreUnavailableError):
            await broker.store.listing.dead(FUNCTION).jobs()
    finally:
        redis_server.resume()


# --- taking them away ---------------------------------------------------------------------------------------------


async def test_a_cancelled_one_is_gone_with_all_that_was_kept_of_it(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    handle = broker.handle(await given_up(broker, LARGE, unique=b"u"))
    heir = await other.submit(b"its heir", unique=b"u")
    assert await other.store.steering.cancel(handle)
    assert left(redis_server) == {}
    assert await dead(broker) == []
    assert await broker.store.steering.revive(handle) == UNKNOWN
    assert not await other.store.steering.cancel(handle)
    counts = await broker.counts()
    assert (counts.dead, counts.total, counts.running) == (0, 1, 0)
    joined = await broker.submit(unique=b"u")
    assert (joined.outcome, joined.id) == (Submitted.JOINED, heir.id), "the unique was not its own any more"


async def test_one_of_a_dropped_function_can_be_cancelled_and_does_not_bring_that_back(
    broker: Standin, redis_server: RedisServer
) -> None:
    handle = broker.handle(await given_up(broker))
    assert await broker.store.steering.drop(FUNCTION) is Dropped.DROPPED
    assert await broker.store.steering.cancel(handle)
    tag = broker.function().tag
    assert [key for key in picture(redis_server.client()) if key.startswith(tag)] == [tag + b":incarnations"]
