"""Jobs that somebody waits for, here or at another broker."""

from typing import Any

import pytest

from persistence import JobStatus, Manner, Outcome, Submitted
from persistence.jobs import ClaimedJob, Mail
from persistence.scripts import FINISH, POST
from tests.persistence.pipes import until
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import RedisServer

QUEUED, JOINED = Submitted.QUEUED, Submitted.JOINED
MEBIBYTE = 1024 * 1024


async def hears(broker: Standin, mails: int) -> list[tuple[bytes, bytes]]:
    await until(lambda: len(broker.events.mails) >= mails)
    return [(mail.kind, mail.payload) for mail in broker.events.mails]


async def say(worker: Standin, job: ClaimedJob, *pieces: tuple[bytes, bytes]) -> None:
    for kind, payload in pieces:
        worker.store.ending.post(worker.function(), job.id, job.attempt, kind, payload)
    await worker.settled()


async def test_what_a_job_says_reaches_who_waits_at_another_broker_in_order(broker: Standin, other: Standin) -> None:
    submitted = await broker.submit(background=False)
    broker.store.listen(broker.function())
    job = await other.claim()
    assert job.listeners == broker.name
    said = [(b"data", b"%d" % number) for number in range(200)]
    said += [(b"warning", b"w\0"), (b"status", b"1\x002")]
    await say(other, job, *said)
    assert await other.finish(job, b"done", aloud=True) == b"finished"
    assert await hears(broker, 203) == [*said, (b"completed", b"done")]
    assert {mail.id for mail in broker.events.mails} == {submitted.id}


@pytest.mark.parametrize("length", [0, 65_537, 10_000_000])
async def test_a_result_reaches_who_waits_whole_whatever_its_length(
    broker: Standin, other: Standin, length: int
) -> None:
    submitted = await broker.submit(background=False)
    broker.store.listen(broker.function())
    await other.finish(await other.claim(), bytes(length), aloud=True)
    await hears(broker, 1)
    assert broker.events.mails == [Mail(submitted.id, b"completed", bytes(length))]


@pytest.mark.parametrize("outcome", Outcome)
async def test_the_end_reaches_a_listener_the_worker_never_heard_of(
    broker: Standin, other: Standin, outcome: Outcome
) -> None:
    await other.submit(unique=b"u")
    job = await other.claim()
    broker.store.listen(broker.function())
    assert (await broker.submit(unique=b"u", background=False)).outcome is JOINED
    assert await other.finish(job, b"why", outcome=outcome, aloud=False) == b"finished"
    assert await hears(broker, 1) == [(outcome.value, b"why")]


async def test_a_worker_hears_of_a_listener_who_comes_while_it_runs(broker: Standin, other: Standin) -> None:
    other.store.listen(other.function())
    await other.submit(unique=b"u")
    job = await other.claim()
    await other.submit(unique=b"u", background=False)
    await broker.submit(unique=b"u", background=False)
    await broker.submit(unique=b"u", background=False)
    await until(lambda: bool(other.events.audience))
    await other.settled()
    assert other.events.audience == [job.id]


async def test_no_mail_is_written_when_only_this_broker_listens(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit(background=False)
    job = await broker.claim()
    await say(broker, job, (b"data", b"x"))
    await broker.finish(job, b"result")
    assert not [key for key in picture(redis_server.client()) if b":mail" in key]


async def test_several_brokers_hear_the_same(broker: Standin, other: Standin, redis_server: RedisServer) -> None:
    await broker.submit(unique=b"u", background=False)
    await other.submit(unique=b"u", background=False)
    for listener in (broker, other):
        listener.store.listen(listener.function())
    job = await other.claim()
    await say(other, job, (b"data", b"x"))
    await other.finish(job, b"y", aloud=True)
    assert await hears(broker, 2) == [(b"data", b"x"), (b"completed", b"y")]
    assert other.events.mails == []


async def test_mail_that_was_read_is_thrown_away(broker: Standin, other: Standin, redis_server: RedisServer) -> None:
    await broker.submit(background=False)
    broker.store.listen(broker.function())
    job = await other.claim()
    await say(other, job, *[(b"data", b"x" * 1000)] * 300)
    await hears(broker, 300)
    client, tag = redis_server.client(), broker.function().tag
    await broker.store.bulk.ask("PING")
    assert client.xlen(broker.store.link.keys.mailbox(tag, broker.name)) == 0
    assert client.hgetall(tag + b":mail") == {}


async def test_mail_that_was_read_is_thrown_away_as_soon_as_redis_no_longer_refuses_to(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit(background=False)
    broker.store.listen(broker.function())
    job = await other.claim()
    client, box = redis_server.client(), broker.store.link.keys.mailbox(broker.function().tag, broker.name)
    client.execute_command("ACL", "SETUSER", "default", "-xtrim")
    await say(other, job, (b"data", b"x"))
    assert await hears(broker, 1) == [(b"data", b"x")]
    await broker.store.bulk.ask("PING")
    assert client.xlen(box) == 1
    client.execute_command("ACL", "SETUSER", "default", "+xtrim")
    await until(lambda: client.xlen(box) == 0)


async def test_mail_is_heard_once_though_its_notice_was_lost_with_the_connection(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit(background=False)
    job = await other.claim()
    await say(other, job, (b"data", b"x"))
    redis_server.client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: broker.events.reconnects == 2)
    assert await hears(broker, 1) == [(b"data", b"x")]
    broker.store.listen(broker.function())
    await broker.settled()
    await other.finish(job, b"y", aloud=True)
    assert await hears(broker, 2) == [(b"data", b"x"), (b"completed", b"y")]


async def test_a_worker_that_reconnects_is_told_again_who_listens(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await other.submit(unique=b"u")
    job = await other.claim()
    await broker.submit(unique=b"u", background=False)  # its notice is heard by nobody: other listens to none
    redis_server.client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: other.events.reconnects == 2)
    assert other.events.audience == [job.id]


async def test_a_job_that_ended_while_who_waits_was_cut_off_is_told_by_its_mail(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit(background=False)
    await other.finish(await other.claim(), b"done", aloud=True)
    redis_server.client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: bool(broker.events.gone))
    assert [mail.kind for mail in broker.events.mails] == [b"completed"]  # and only then that it is gone


async def test_mail_is_handed_on_behind_the_answers_that_say_who_waits(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    first = await broker.submit(background=False)
    await say(other, await other.claim(), (b"data", b"x"))
    latch = broker.function().tag + b":latch"
    broker.store.pipe.post(["BLPOP", latch, 0], lambda reply: None)  # holds up the answer
    second = broker.submit_soon(background=False)
    broker.store.mailbox.read(broker.function())
    await broker.store.bulk.ask(b"EXISTS", latch)
    assert (broker.events.mails, second) == ([], [])
    redis_server.client().rpush(latch, "open")
    await hears(broker, 1)
    assert broker.events.waiting[FUNCTION] == [first.id, second[0].id]


async def test_the_last_to_leave_takes_a_queued_job_with_him(broker: Standin, other: Standin) -> None:
    submitted = await broker.submit(unique=b"u", background=False)
    await other.submit(unique=b"u", background=False)
    await broker.detach(submitted.id)
    assert (await broker.counts()).queued == (0, 1, 0)
    await other.detach(submitted.id)
    assert (await broker.counts()).total == 0
    assert await broker.status(broker.handle(submitted.id)) == JobStatus(known=False)
    assert (await broker.submit(unique=b"u")).outcome is QUEUED
    job = await broker.claim()  # it steps over what is left of the other
    assert job.attempt == 1
    assert (await broker.look()).job is None


async def test_a_running_job_nobody_waits_for_ends_unheard_and_is_never_queued_again(broker: Standin) -> None:
    submitted = await broker.submit(background=False)
    job = await broker.claim()
    await broker.detach(submitted.id)
    assert (await broker.counts()).running == 1
    assert await broker.requeue(job, manner=Manner.HOUSE) == [b"dropped"]
    assert (await broker.counts()).total == 0


async def test_a_background_submit_makes_a_job_stay_when_who_waited_leaves(broker: Standin) -> None:
    submitted = await broker.submit(unique=b"u", background=False)
    assert (await broker.submit(unique=b"u")).outcome is JOINED
    assert (await broker.submit(unique=b"u", background=False)).outcome is JOINED
    broker.events.waiting[FUNCTION] = [submitted.id]
    await broker.detach(submitted.id)
    job = await broker.claim()
    assert job.background
    assert await broker.requeue(job) == [b"requeued"]


async def test_a_delayed_job_that_somebody_joined_stays_too(broker: Standin) -> None:
    submitted = await broker.submit(unique=b"u", run_at=4_000_000_000)
    await broker.submit(unique=b"u", background=False)
    await broker.detach(submitted.id)
    assert (await broker.counts()).scheduled == 1


async def test_who_waits_elsewhere_hears_of_the_death_of_a_job(broker: Standin, other: Standin) -> None:
    await broker.submit(background=False)
    broker.store.listen(broker.function())
    assert await other.requeue(await other.claim(), limit=1) == [b"dead"]
    assert await hears(broker, 1) == [(b"failed", b"")]


async def test_a_listener_that_does_not_read_loses_its_job_and_is_told_so(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    submitted = await broker.submit(background=False)
    second = await broker.submit(background=False)
    job, next_job = await other.claim(), await other.claim()
    await broker.abandon()
    piece = bytes(20 * MEBIBYTE)
    for _ in range(5):
        await say(other, job, (b"data", piece))
    client: Any = redis_server.client()
    tag = other.function().tag
    mailbox = other.store.link.keys.mailbox(tag, broker.name)
    kinds = [entry[1][b"kind"] for entry in client.xrange(mailbox)]
    assert kinds == [b"data", b"data", b"data", b"failed"]
    assert client.hget(tag + b":listeners", submitted.id) is None
    assert await other.finish(next_job, piece, aloud=True) == b"finished"
    last = client.xrevrange(mailbox, count=1)[0][1]
    assert (last[b"id"], last[b"kind"], last[b"data"]) == (second.id, b"failed", b"")


async def test_a_mailbox_that_is_full_for_too_long_takes_no_more(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    submitted = await broker.submit(background=False)
    job = await other.claim()
    await broker.abandon()
    client: Any = redis_server.client()
    tag = other.function().tag
    await say(other, job, (b"data", bytes(17 * MEBIBYTE)))
    held, since = client.hget(tag + b":mail", broker.name).split()
    client.hset(tag + b":mail", broker.name, b"%d %d" % (int(held), int(since) - 10))
    await say(other, job, (b"data", b"x"))
    assert client.hget(tag + b":listeners", submitted.id) is None


async def test_an_empty_mailbox_takes_any_one_piece(broker: Standin, other: Standin) -> None:
    await broker.submit(background=False)
    broker.store.listen(broker.function())
    job = await other.claim()
    await other.finish(job, bytes(70 * MEBIBYTE), aloud=True)
    await hears(broker, 1)
    assert broker.events.mails[0].kind == b"completed"
    assert len(broker.events.mails[0].payload) == 70 * MEBIBYTE


async def test_what_a_former_run_says_is_heard_by_nobody(broker: Standin, other: Standin) -> None:
    await broker.submit(background=False)
    broker.store.listen(broker.function())
    job = await other.claim()
    await other.requeue(job)
    again = await other.claim()
    assert await other.run_script(POST, job.id, job.attempt, 99, b"data", b"late") == b"superseded"
    ended = await other.run_script(FINISH, again.id, again.attempt, b"completed", b"", b"x", b"1")
    assert ended == [b"ended", b"finished"]
    assert await hears(broker, 1) == [(b"completed", b"x")]
