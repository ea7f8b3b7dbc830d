"""Brokers that die, are cut off, or come back. Short presence TTLs; nothing here sleeps."""

from typing import Any

import pytest
import trio

from persistence import JobStatus, Submitted
from persistence.keeper import RAISES_PER_TTL
from persistence.records import job_id, pack_record
from persistence.scripts import ATTEND, ENQUEUE, FENCE
from tests.faults.proxy import open_proxy
from tests.faults.trap import Point, Trap
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import FUNCTION, Standin, payloads
from tests.servers import PATIENCE_SECONDS, RedisServer

SHORT = 0.3


@pytest.fixture
async def lost(redis_server: RedisServer, start: Start) -> Standin:
    """A broker that is about to be lost."""
    return await start(Standin(redis_server, presence_ttl_seconds=SHORT))


@pytest.fixture
async def heir(redis_server: RedisServer, start: Start) -> Standin:
    """One that will find out."""
    return await start(Standin(redis_server, presence_ttl_seconds=SHORT))


async def test_the_jobs_of_a_lost_broker_are_returned_to_the_head(lost: Standin, heir: Standin) -> None:
    submitted = [await lost.submit(b"%d" % number) for number in range(6)]
    jobs = [await lost.claim() for _ in range(3)]
    lost.store.ending.progress(lost.function(), jobs[0].id, 1, 2, 3)
    await lost.settled()
    heir.store.listen(heir.function())
    await heir.settled()
    await lost.abandon()
    await until(lambda: heir.events.notices.count((FUNCTION, 1)) == 3)
    assert await heir.status(heir.handle(submitted[0].id)) == JobStatus(True, False, 2, 3)
    again = [await heir.claim() for _ in range(6)]
    assert payloads(again) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert [job.attempt for job in again] == [2, 2, 2, 1, 1, 1]
    counts = await heir.counts()
    assert (counts.requeued, counts.retried, counts.running) == (3, 0, 6)


async def test_what_a_broker_took_before_it_knew_that_it_was_lost_is_returned(broker: Standin, heir: Standin) -> None:
    new = b"a function that came since"
    await broker.submit()
    while broker.name in await heir.store.janitor.look():
        pass  # its presence moves too seldom for this heir
    await broker.submit(b"x", function=new, unique=b"u")
    await broker.claim(new)
    old = broker.name
    await broker.submit()
    assert broker.name != old
    await broker.abandon()
    heir.store.listen(heir.function(new))
    await heir.settled()
    heir.store.janitor.stray_seconds = SHORT
    await until(lambda: heir.events.notices == [(new, 1)])
    again = await heir.claim(new)
    assert (again.payload, again.attempt) == (b"x", 2)


async def test_a_broker_that_lives_is_left_alone_by_the_others(lost: Standin, heir: Standin) -> None:
    await lost.submit()
    job = await lost.claim()
    for _ in range(10):
        beats = (await heir.store.janitor.look())[lost.name]
        while (await heir.store.janitor.look())[lost.name] == beats:
            pass
    assert await lost.finish(job) == b"finished"
    assert (lost.events.fences, heir.events.fences) == (0, 0)
    assert set(heir.store.janitor.others) >= {lost.name}


async def test_a_broker_whose_submit_takes_long_to_pass_lives(redis_server: RedisServer, start: Start) -> None:
    async with open_proxy(Trap(redis_server.port)) as trap:
        busy = await start(Standin(redis_server, port=trap.port, presence_ttl_seconds=SHORT))
        await busy.submit(b"runs")
        await busy.claim()
        watching = await start(Standin(redis_server, presence_ttl_seconds=SHORT))
        trap.arm(ENQUEUE, Point.BEFORE)
        busy.submit_soon(b"as long as the line is narrow")
        await trap.sprung.wait()
        seen = set[int]()
        with trio.fail_after(PATIENCE_SECONDS):
            while len(seen) <= 2 * RAISES_PER_TTL:
                seen.add((await watching.store.janitor.look())[busy.name])
        assert (await watching.counts()).running == 1
        await busy.abandon()


async def test_what_only_the_clients_of_a_lost_broker_waited_for_is_dropped(lost: Standin, heir: Standin) -> None:
    await lost.submit(b"queued", background=False)
    await lost.submit(b"running here", background=False)
    await lost.submit(b"running there", background=False)
    both = await lost.submit(b"of both", unique=b"u", background=False)
    await heir.submit(unique=b"u", background=False)
    there = await heir.claim()
    await lost.claim()
    await lost.abandon()
    while (await heir.counts()).total != 2:
        pass
    assert await heir.status(heir.handle(both.id)) == JobStatus(known=True)
    assert await heir.requeue(there) == [b"dropped"]
    assert (await heir.claim()).id == both.id


async def test_many_jobs_are_returned_in_steps_and_in_order(lost: Standin, heir: Standin) -> None:
    for number in range(250):
        lost.submit_soon(b"%d" % number)
    for _ in range(250):
        await lost.claim()
    await lost.abandon()
    while (await heir.counts()).queued != (0, 250, 0):
        pass
    assert payloads([await heir.claim() for _ in range(250)]) == [b"%d" % number for number in range(250)]


async def test_the_next_in_its_place_returns_the_jobs_of_a_dead_broker_before_it_starts(
    redis_server: RedisServer, start: Start
) -> None:
    dead = await start(Standin(redis_server))
    await dead.submit(b"a")
    job = await dead.claim()
    await dead.submit(b"b", background=False)
    await dead.abandon()
    heir = await start(Standin(redis_server, previous=dead.name))
    counts = await heir.counts()
    assert (counts.queued, counts.running) == ((0, 1, 0), 0)
    assert (await heir.claim()).id == job.id
    assert dead.name not in await heir.store.janitor.look()


async def test_a_broker_that_said_goodbye_is_looked_for_by_nobody(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit()
    assert await broker.store.leave()
    assert list(await other.store.janitor.look()) == [other.name]
    assert redis_server.client().hkeys(other.store.link.keys.brokers) == [other.name]
    assert (await other.claim()).payload == b"cat.jpg"


async def test_a_goodbye_with_something_left_is_none(broker: Standin, other: Standin) -> None:
    await broker.submit()
    await broker.claim()
    assert not await broker.store.leave()
    assert broker.name in await other.store.janitor.look()


async def cut_off(broker: Standin, client: Any) -> None:
    """Break the broker's connections to Redis, and wait until it knows."""
    client.client_kill_filter(_type="normal", skipme=True)
    await until(lambda: not broker.store.connected)


async def test_a_broker_taken_for_lost_goes_on_under_a_new_name(broker: Standin, other: Standin) -> None:
    await broker.submit(b"run by both")
    late = await broker.claim()
    waited = await broker.submit(unique=b"u", background=False)
    both = await other.submit(unique=b"u", background=False)
    assert both.outcome is Submitted.JOINED
    old = broker.name
    await other.fence(old)
    submitted = await broker.submit(b"new")
    assert submitted.outcome is Submitted.QUEUED
    assert broker.name != old
    assert submitted.id.startswith(broker.name)
    assert broker.events.fences == 1
    assert await broker.finish(late) == b"finished"  # a late success counts, for the job was not over
    assert broker.name in await other.store.janitor.look()
    status = await other.status_of_unique(b"u")
    assert isinstance(status, JobStatus)
    assert set(status.listeners) == {other.name, broker.name}
    assert waited.id == status.id


async def test_who_waits_at_a_broker_taken_for_lost_hears_what_is_gone(broker: Standin, other: Standin) -> None:
    waited = await broker.submit(background=False)
    await other.fence(broker.name)
    await broker.submit()
    await until(lambda: broker.events.gone == [waited.id])


async def test_mail_to_the_new_name_is_heard(broker: Standin, other: Standin) -> None:
    waited = await broker.submit(unique=b"u", background=False)
    await other.submit(unique=b"u")
    await other.fence(broker.name)
    broker.store.listen(broker.function())
    await broker.submit()
    await broker.settled()
    await other.finish(await other.claim(), b"done")
    await until(lambda: bool(broker.events.mails))
    assert [(mail.id, mail.payload) for mail in broker.events.mails] == [(waited.id, b"done")]


async def test_who_runs_a_job_hears_of_a_listener_that_comes_back_under_a_new_name(
    broker: Standin, other: Standin
) -> None:
    waited = await broker.submit(unique=b"u", background=False)
    await other.submit(unique=b"u")
    await other.fence(broker.name)
    assert (await other.claim()).listeners == b""
    other.store.listen(other.function())
    await other.settled()
    await broker.submit()
    await until(lambda: other.events.audience == [waited.id])


async def test_a_burst_of_submits_survives_being_taken_for_lost(broker: Standin, other: Standin) -> None:
    await broker.submit(b"before")
    await other.fence(broker.name)
    burst = [broker.submit_soon(b"%d" % number, handed=number == 50) for number in range(100)]
    await until(lambda: all(burst))
    assert {answers[0].outcome for answers in burst} == {Submitted.QUEUED}
    assert len({answers[0].id for answers in burst}) == 100
    await until(lambda: burst[50][0].handed is not None)
    counts = await broker.counts()
    assert (counts.submitted, counts.running) == (101, 1)


async def test_a_claim_made_under_a_lost_name_brings_nothing(broker: Standin, other: Standin) -> None:
    await broker.submit()
    await other.fence(broker.name)
    assert (await broker.look()).job is None
    assert (await broker.claim()).attempt == 1


async def test_a_claim_answered_when_its_name_was_lost_is_left_to_who_returns_it(
    broker: Standin, other: Standin
) -> None:
    await broker.submit()
    old = broker.name
    looks = broker.claim_soon()
    broker.store.link.refused(b"fenced", old)
    await until(lambda: bool(looks))
    assert looks[0].job is None
    assert (await broker.counts()).running == 1
    await other.fence(old)
    assert (await broker.counts()).queued == (0, 1, 0)


@pytest.mark.parametrize("background", [True, False], ids=["nobody waits", "somebody waits"])
async def test_a_submit_stored_before_the_name_was_lost_and_answered_after_it_is_stored_once(
    broker: Standin, other: Standin, redis_server: RedisServer, background: bool
) -> None:
    await broker.submit()
    client: Any = redis_server.client()
    tag, old = broker.function().tag, broker.name
    await cut_off(broker, client)
    answers = broker.submit_soon(b"once", background=background)
    # As if it had left on the old connection, and its answer had been lost; then we were taken for lost.
    record = pack_record(b"", b"", b"once", 1, background)
    stored = (old, 1, 2, 0, 2, job_id(old, 2), record, b"", b"" if background else b"1", b"")
    assert client.evalsha(ENQUEUE.sha, 1, tag, *stored) == [b"queued"]
    if not background:
        await_too = ATTEND.call(tag, other.name, 1, job_id(old, 2))  # or the job goes with its only listener
        client.execute_command(*await_too)
    client.execute_command(*FENCE.call(tag, old, 100, 86_400))
    await until(lambda: bool(answers))
    assert answers[0] == (Submitted.JOINED, job_id(old, 2), None)
    assert broker.name != old
    assert (await broker.counts()).submitted == 2
    listeners = client.hget(tag + b":listeners", job_id(old, 2))
    assert listeners == (None if background else other.name + broker.name)


async def test_nothing_new_is_stored_under_a_lost_name_where_it_is_not_fenced_yet(
    broker: Standin, redis_server: RedisServer
) -> None:
    await broker.submit(function=b"fenced")
    await broker.submit(function=b"not yet")
    client: Any = redis_server.client()
    old = broker.name
    await cut_off(broker, client)
    answers = broker.submit_soon(function=b"not yet", background=False)
    client.execute_command(*FENCE.call(broker.function(b"fenced").tag, old, 100, 86_400))
    await until(lambda: bool(answers))
    assert answers[0].outcome is Submitted.QUEUED
    assert answers[0].id.startswith(broker.name)
    assert broker.name != old


async def test_a_submit_that_comes_late_under_a_lost_name_is_not_stored_beside_its_repeat(
    broker: Standin, redis_server: RedisServer
) -> None:
    await broker.submit()
    client: Any = redis_server.client()
    tag, old = broker.function().tag, broker.name
    await cut_off(broker, client)
    answers = broker.submit_soon(b"once")
    client.hdel(broker.store.link.keys.beats, old)  # whoever took us for lost has done so before the function came
    await until(lambda: bool(answers))
    assert answers[0].outcome is Submitted.QUEUED
    assert broker.name != old
    record = pack_record(b"", b"", b"once", 1, True)
    late = ENQUEUE.call(tag, old, 1, 2, 0, 2, job_id(old, 2), record, b"", b"", b"")
    assert client.execute_command(*late) == [b"stale"]
    assert (await broker.counts()).submitted == 2
    # It is not fenced by that: whoever returns what it had there finds it by its name.
    assert not client.hget(tag + b":incarnations", old).startswith(b"fenced")


async def test_a_broker_whose_presence_was_removed_notices_and_is_there_again(
    lost: Standin, redis_server: RedisServer
) -> None:
    old = lost.name
    redis_server.client().hdel(lost.store.link.keys.beats, old)
    await until(lambda: lost.name != old)
    with trio.fail_after(PATIENCE_SECONDS):
        while lost.name not in await lost.store.janitor.look():
            pass
        while old in await lost.store.janitor.look():
            pass  # what may still be under the old name is returned by whoever sees it stand still


async def test_presence_that_merely_fell_behind_is_no_reason_for_a_new_name(
    broker: Standin, redis_server: RedisServer
) -> None:
    broker.store.keeper.raised(broker.name, 7)
    broker.store.keeper.raised(broker.name, 5)
    assert broker.events.fences == 0
    broker.store.keeper.raised(broker.name, 1)
    assert broker.events.fences == 1
