"""What operators change: cancelled jobs, limits, functions made and dropped; over brokers and over outages."""

import time

import pytest
import trio

from persistence import Dropped, JobStatus, Limits, StoreUnavailableError, Submitted
from persistence.keys import digest_of
from persistence.scripts import CANCEL, DROP
from protocol import Priority
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import AOF, MakeServer, RedisServer

HIGH, NORMAL, LOW = Priority.HIGH, Priority.NORMAL, Priority.LOW


# --- cancelling ---------------------------------------------------------------------------------------------------


async def test_a_cancelled_job_that_was_queued_is_gone_and_its_unique_free(broker: Standin, other: Standin) -> None:
    job = await broker.submit(unique=b"u")
    await broker.submit(b"kept")
    assert await other.store.steering.cancel(broker.handle(job.id))
    assert await broker.status(broker.handle(job.id)) == JobStatus(known=False)
    assert (await other.submit(b"new", unique=b"u")).outcome is Submitted.QUEUED
    assert [(await broker.claim()).payload for _ in range(2)] == [b"kept", b"new"]
    assert (await broker.counts()).total == 2


async def test_a_cancelled_job_that_waited_for_its_time_never_runs(broker: Standin) -> None:
    job = await broker.submit(unique=b"u", run_at=int(time.time()) + 1000)
    assert await broker.store.steering.cancel(broker.handle(job.id))
    counts = await broker.counts()
    assert (counts.total, counts.scheduled, counts.running) == (0, 0, 0)


async def test_a_cancelled_job_that_runs_is_over_and_its_broker_is_told(broker: Standin, other: Standin) -> None:
    broker.store.listen(broker.function())
    submitted = await broker.submit(unique=b"u")
    job = await broker.claim()
    assert await other.store.steering.cancel(broker.handle(submitted.id))
    await until(lambda: broker.events.cancellations == [submitted.id])
    assert await broker.finish(job) == b"gone"
    assert await broker.requeue(job) == [b"gone"]
    assert (await broker.counts()).total == 0
    assert (await broker.counts()).completed == 0


async def test_who_waits_elsewhere_for_a_cancelled_job_hears_once_that_it_failed(
    broker: Standin, other: Standin
) -> None:
    broker.store.listen(broker.function())
    submitted = await broker.submit(background=False)
    assert await other.store.steering.cancel(broker.handle(submitted.id))
    await until(lambda: bool(broker.events.mails))
    assert not await other.store.steering.cancel(broker.handle(submitted.id))
    await broker.settled()
    assert [(mail.id, mail.kind) for mail in broker.events.mails] == [(submitted.id, b"failed")]


async def test_who_waits_here_is_not_sent_mail_by_ourselves(broker: Standin, redis_server: RedisServer) -> None:
    submitted = await broker.submit(background=False)
    assert await broker.store.steering.cancel(broker.handle(submitted.id))
    keys = redis_server.client().keys(b"*" + broker.function().digest + b"*")
    assert not [key for key in keys if b":mailbox:" in key or b":attending:" in key or key.endswith(b":listeners")]


@pytest.mark.parametrize("handle", [b"H:nowhere:1", b"", b"H:aaaaaaaaaaaaaaaa:aaaaaaaaaaaa:1"])
async def test_what_is_no_job_of_ours_cannot_be_cancelled(broker: Standin, handle: bytes) -> None:
    assert not await broker.store.steering.cancel(handle)


async def test_a_job_whose_broker_was_lost_may_be_cancelled(redis_server: RedisServer, start: Start) -> None:
    lost = await start(Standin(redis_server))
    submitted = await lost.submit(b"cancelled")
    await lost.submit(b"kept")
    await lost.claim()
    await lost.claim()
    await lost.abandon()
    broker = await start(Standin(redis_server))
    assert await broker.store.steering.cancel(broker.handle(submitted.id))
    await broker.store.janitor.return_everything_of(lost.name)
    assert (await broker.claim()).payload == b"kept"
    assert (await broker.counts()).total == 1


async def test_a_cancel_whose_answer_was_lost_is_answered_as_done(broker: Standin, redis_server: RedisServer) -> None:
    submitted = await broker.submit()
    latch = broker.function().tag + b":latch"
    broker.store.pipe.post(["BLPOP", latch, 0], lambda reply: None)  # what is sent behind it is not executed
    cancelled: list[bool] = []

    async def cancel() -> None:
        cancelled.append(await broker.store.steering.cancel(broker.handle(submitted.id)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancel)
        await until(lambda: broker.store.pipe.statistics().in_flight == 2)
        # In its place, with the same effect; then the connection is gone before it is answered.
        await broker.store.bulk.ask(*CANCEL.call(broker.function().tag, broker.name, submitted.id))
        redis_server.cut()
    assert cancelled == [True]


# --- limits -------------------------------------------------------------------------------------------------------


async def test_a_limit_counts_for_every_broker_and_is_lifted_for_all(broker: Standin, other: Standin) -> None:
    await broker.store.steering.limit(FUNCTION, Limits(3, 2, 1))
    assert (await other.submit(priority=LOW)).outcome is Submitted.QUEUED
    assert (await broker.submit(priority=LOW)).outcome is Submitted.FULL
    assert (await other.submit(priority=NORMAL)).outcome is Submitted.QUEUED
    assert (await broker.submit(priority=NORMAL)).outcome is Submitted.FULL
    assert (await other.submit(priority=HIGH)).outcome is Submitted.QUEUED
    assert (await broker.submit(priority=HIGH)).outcome is Submitted.FULL
    await other.store.steering.limit(FUNCTION, Limits())
    assert (await broker.submit(priority=LOW)).outcome is Submitted.QUEUED


async def test_a_cancelled_job_makes_room(broker: Standin) -> None:
    await broker.store.steering.limit(FUNCTION, Limits(1, 1, 1))
    first = await broker.submit()
    assert (await broker.submit()).outcome is Submitted.FULL
    await broker.claim()
    await broker.store.steering.cancel(broker.handle(first.id))
    assert (await broker.submit()).outcome is Submitted.QUEUED


async def test_delayed_jobs_are_limited_and_a_job_that_goes_back_is_not(broker: Standin) -> None:
    await broker.store.steering.limit(FUNCTION, Limits(2, 2, 2))
    assert (await broker.submit(run_at=int(time.time()) + 1000)).outcome is Submitted.QUEUED
    assert (await broker.submit()).outcome is Submitted.QUEUED
    assert (await broker.submit(run_at=int(time.time()) + 1000)).outcome is Submitted.FULL
    job = await broker.claim()
    await broker.store.steering.limit(FUNCTION, Limits(1, 1, 1))
    assert await broker.requeue(job) == [b"requeued"]


async def test_limits_survive_the_restart_of_redis_and_of_all_brokers(make_server: MakeServer, start: Start) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server))
    await broker.store.steering.limit(FUNCTION, Limits(1, 1, 1))
    await broker.abandon()
    server.kill()
    server.start()
    again = await start(Standin(server))
    assert (await again.submit()).outcome is Submitted.QUEUED
    assert (await again.submit()).outcome is Submitted.FULL


# --- functions ----------------------------------------------------------------------------------------------------


async def test_a_function_that_was_made_is_known_to_all_and_has_no_jobs(broker: Standin, other: Standin) -> None:
    await broker.store.steering.create(b"new")
    assert await other.store.asking.functions() == [b"new"]
    assert (await other.counts(b"new")).total == 0
    await broker.store.steering.create(b"new")
    assert await other.store.asking.functions() == [b"new"]


async def test_a_dropped_function_leaves_nothing_that_lasts(broker: Standin, redis_server: RedisServer) -> None:
    await broker.store.steering.limit(FUNCTION, Limits(5, 5, 5))
    await broker.submit(unique=b"u")
    gone = await broker.submit(background=False)
    await broker.detach(gone.id)
    await broker.finish(await broker.claim())
    await broker.settled()
    assert await broker.store.steering.drop(FUNCTION) is Dropped.DROPPED
    tag, client = broker.function().tag, redis_server.client()
    left = [key for key in picture(client) if key.startswith(tag)]
    assert left == [tag + b":incarnations"]
    assert 0 < client.ttl(left[0]) <= 86_400
    assert await broker.store.asking.functions() == []


async def test_a_function_with_jobs_is_not_dropped(broker: Standin, other: Standin) -> None:
    await broker.submit()
    assert await other.store.steering.drop(FUNCTION) is Dropped.BUSY
    job = await broker.claim()
    assert await other.store.steering.drop(FUNCTION) is Dropped.BUSY
    await broker.finish(job)
    await broker.submit(run_at=int(time.time()) + 1000)
    assert await other.store.steering.drop(FUNCTION) is Dropped.BUSY


async def test_a_function_that_is_not_there_cannot_be_dropped(broker: Standin) -> None:
    assert await broker.store.steering.drop(b"nobody knows it") is Dropped.UNKNOWN
    await broker.store.steering.create(b"Case")
    assert await broker.store.steering.drop(b"case") is Dropped.UNKNOWN
    assert await broker.store.asking.functions() == [b"Case"]


async def test_a_function_that_another_broker_dropped_is_met_again(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    """All submits that were on the way when it was dropped are stored, once each, and the function is listed again."""
    await broker.submit()
    await broker.finish(await broker.claim())
    assert await other.store.steering.drop(FUNCTION) is Dropped.DROPPED
    answers = [broker.submit_soon(b"%d" % at, unique=b"%d" % at) for at in range(5)]
    await until(lambda: all(answers))
    assert {answer[0].outcome for answer in answers} == {Submitted.QUEUED}
    assert sorted([(await other.claim()).payload for _ in range(5)]) == [b"0", b"1", b"2", b"3", b"4"]
    assert await other.store.asking.functions() == [FUNCTION]
    assert redis_server.client().ttl(broker.function().tag + b":incarnations") == -1
    assert (await broker.counts()).submitted == 5


async def test_a_dropped_function_does_not_come_back_by_a_reconnect(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit()
    await broker.finish(await broker.claim())
    assert await other.store.steering.drop(FUNCTION) is Dropped.DROPPED
    redis_server.cut()
    await until(lambda: broker.events.reconnects == 2)
    await broker.settled()
    await broker.store.bulk.wait_connected()
    assert await broker.store.asking.functions() == []
    assert 0 < redis_server.client().ttl(broker.function().tag + b":incarnations") <= 86_400


async def test_who_died_between_dropping_and_taking_it_from_the_list_is_helped_by_a_repeat(broker: Standin) -> None:
    await broker.store.steering.create(b"new")
    tag = broker.store.link.keys.tag(digest_of(b"new"))
    assert await broker.store.pipe.ask(*DROP.call(tag)) == b"dropped"
    assert await broker.store.asking.functions() == [b"new"]
    assert await broker.store.steering.drop(b"new") is Dropped.DROPPED
    assert await broker.store.asking.functions() == []


async def test_dead_jobs_of_a_dropped_function_are_kept(broker: Standin, redis_server: RedisServer) -> None:
    submitted = await broker.submit()
    assert await broker.requeue(await broker.claim(), limit=0) == [b"dead"]
    assert await broker.store.steering.drop(FUNCTION) is Dropped.DROPPED
    tag = broker.function().tag
    assert redis_server.client().hkeys(tag + b":remains") == [submitted.id]


async def test_during_an_outage_operators_are_told(redis_server: RedisServer, start: Start) -> None:
    broker = await start(Standin(redis_server, store_timeout_seconds=0.3))
    broker.function()
    redis_server.pause()
    try:
        steering = broker.store.steering
        for verb in (
            lambda: steering.cancel(b"H:" + broker.function().digest + b":aaaaaaaaaaaa:1"),
            lambda: steering.create(b"f"),
            lambda: steering.limit(b"f", Limits(1)),
            lambda: steering.drop(b"f"),
        ):
            with pytest.raises(StoreUnavailableError):
                await verb()
    finally:
        redis_server.resume()
