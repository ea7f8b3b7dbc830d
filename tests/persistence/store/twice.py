"""Of each script that writes: a state in which it has something to do, its command, and what it answers twice.

Long, because every script there is must stand in the table at its end, to which test_repeats.py holds it.
"""

import time
from collections.abc import Awaitable, Callable

from persistence.beside import EXPIRES_SECONDS
from persistence.jobs import ClaimedJob, Limits
from persistence.keys import digest_of
from persistence.records import Incarnation, JobId, job_id, pack_record
from persistence.replies import Command, Reply
from persistence.scripts import (
    ADOPT,
    ATTEND,
    CANCEL,
    CLAIM,
    DETACH,
    DISCARD,
    DROP,
    DUE,
    ENQUEUE,
    FENCE,
    FINISH,
    HOLDER,
    INTRODUCE,
    LEAVE,
    LIMIT,
    PAGE,
    PAGE_DEAD,
    POST,
    PROBE,
    PROGRESS,
    REJOIN,
    RENEW,
    REQUEUE,
    REVIVE,
    STATUS,
    STATUS_UNIQUE,
    SWEEP,
    TRIM,
    VOID,
)
from protocol import Priority
from tests.persistence.store.standin import FUNCTION, Standin

Prepare = Callable[[Standin], Awaitable[tuple[Command, Reply, Reply]]]
"""Brings about a state; returns a command, its answer, and the answer when it is repeated."""

STRANGER = Incarnation(b"strange")
HIGH, NORMAL = Priority.HIGH, Priority.NORMAL


def enqueue(
    broker: Standin, number: int, *, unique: bytes = b"", run_at: bytes = b"", waits: bytes = b"", handoff: object = b""
) -> Command:
    assert isinstance(handoff, bytes | int)
    record = pack_record(unique, b"", b"cat.jpg", 1, waits != b"1")
    job = job_id(broker.name, number)
    arguments = (1, 65_536, number, job, record, run_at, waits, handoff)
    return broker.store.link.call(ENQUEUE, broker.function(), *arguments)


def finish(broker: Standin, job: ClaimedJob, outcome: bytes, payload: bytes, known: bytes) -> Command:
    return broker.store.link.call(FINISH, broker.function(), job.id, 1, outcome, job.unique, payload, known)


async def a_submit(broker: Standin) -> tuple[Command, Reply, Reply]:
    return enqueue(broker, 1, unique=b"u"), [b"queued"], [[b"joined", job_id(broker.name, 1), b"waiting"]]


async def a_submit_that_somebody_waits_for(broker: Standin) -> tuple[Command, Reply, Reply]:
    return enqueue(broker, 1, waits=b"1"), [b"queued"], [[b"joined", job_id(broker.name, 1), b"waiting"]]


async def a_delayed_submit(broker: Standin) -> tuple[Command, Reply, Reply]:
    run_at = b"%d" % (time.time() + 1000)
    return enqueue(broker, 1, run_at=run_at), [b"scheduled"], [[b"joined", job_id(broker.name, 1), b"waiting"]]


async def a_submit_that_joins(broker: Standin) -> tuple[Command, Reply, Reply]:
    first = await broker.submit(unique=b"u")
    answer: Reply = [[b"joined", first.id, b"waiting"]]
    return enqueue(broker, 2, unique=b"u", waits=b"1"), answer, answer


async def a_submit_whose_job_was_handed_out(broker: Standin) -> tuple[Command, Reply, Reply]:
    command = enqueue(broker, 1, handoff=1)
    record = pack_record(b"", b"", b"cat.jpg", 1, True)
    job = job_id(broker.name, 1)
    return command, [[b"handed", job, 1, b"", b"whole", record]], [[b"joined", job, b"running"]]


async def a_finish(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit(unique=b"u")
    job = await broker.claim()
    return finish(broker, job, b"completed", b"", b""), [b"ended", b"finished"], [b"ended", b"gone"]


async def a_finish_that_somebody_elsewhere_hears(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(background=False)
    job = await broker.claim()
    await listen_as_a_stranger(broker, submitted.id)
    return finish(broker, job, b"failed", b"x", b"1"), [b"ended", b"finished"], [b"ended", b"gone"]


async def a_finish_that_must_come_again(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(background=False)
    job = await broker.claim()
    await listen_as_a_stranger(broker, submitted.id)
    return finish(broker, job, b"completed", b"", b""), [b"ended", b"heard"], [b"ended", b"heard"]


def a_return(manner: bytes, limit: int, word: bytes, *, background: bool = True) -> Prepare:
    async def prepare(broker: Standin) -> tuple[Command, Reply, Reply]:
        submitted = await broker.submit(unique=b"u", background=background)
        job = await broker.claim()
        if not background:
            await broker.detach(submitted.id)
        command = broker.store.link.call(REQUEUE, broker.function(), manner, limit, job.id, 1)
        return command, [b"returned", word], [b"returned", b"gone"]

    return prepare


async def a_payload_whose_job_was_refused(broker: Standin) -> tuple[Command, Reply, Reply]:
    function = broker.function()
    payload = broker.store.link.keys.payload(function.tag, b"refused")
    await broker.store.pipe.ask(b"SET", payload, b"x", b"EX", EXPIRES_SECONDS)
    return DISCARD.call(function.tag, b"refused"), b"discarded", b"discarded"


async def a_job_whose_payload_was_thrown_away(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(bytes(100_000), background=False)
    job = await broker.claim()
    await listen_as_a_stranger(broker, submitted.id)
    await broker.store.pipe.ask(b"DEL", broker.store.link.keys.payload(broker.function().tag, job.id))
    return broker.store.link.call(VOID, broker.function(), job.id, 1), b"void", b"gone"


async def progress(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit()
    job = await broker.claim()
    return broker.store.link.call(PROGRESS, broker.function(), job.id, 1, 2, 3), b"noted", b"noted"


async def a_piece_of_data(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(background=False)
    job = await broker.claim()
    await listen_as_a_stranger(broker, submitted.id)
    command = broker.store.link.call(POST, broker.function(), job.id, 1, 7, b"data", b"piece")
    return command, b"posted", b"posted"


async def the_leaving_of_the_last_who_waits(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(unique=b"u", background=False)
    return broker.store.link.call(DETACH, broker.function(), submitted.id), b"detached", b"detached"


async def a_reconnect(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit(background=False)
    job = await broker.claim()
    command = REJOIN.call(broker.function().tag, broker.name, 5, b"", 128)
    answer: Reply = [[job.id, 1, broker.name], b"", 1]
    return command, answer, answer


async def the_coming_back_of_who_waits(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(background=False)
    unknown = job_id(broker.name, 99)
    command = ATTEND.call(broker.function().tag, STRANGER, 1, submitted.id, unknown)
    return command, [b"attended", unknown], [b"attended", unknown]


async def the_fencing_of_a_broker(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit()
    await broker.claim()
    await broker.submit(background=False)
    await broker.submit(background=False)
    await broker.claim()
    command = FENCE.call(broker.function().tag, broker.name, 100, 86_400)
    return command, [b"fenced", 0], [b"fenced", 0]


async def a_goodbye(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit()
    return LEAVE.call(broker.function().tag, broker.name, 86_400), b"left", b"left"


async def a_goodbye_with_something_left(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit()
    await broker.claim()
    return LEAVE.call(broker.function().tag, broker.name, 86_400), b"busy", b"busy"


async def the_alarm(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.settled()
    submitted = await broker.submit()
    client = broker.store.bulk
    tag = broker.function().tag
    await broker.claim()
    await client.ask("ZADD", tag + b":scheduled", 1, submitted.id)
    return DUE.call(tag, 10), -1, -1


async def the_throwing_away_of_mail(broker: Standin) -> tuple[Command, Reply, Reply]:
    await a_piece_of_data_posted(broker)
    command = TRIM.call(broker.function().tag, STRANGER, b"9999999999999-0", 5, 1)
    return command, 1, 0


async def the_cancelling_of_a_queued_job(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(unique=b"u")
    return CANCEL.call(broker.function().tag, broker.name, submitted.id), b"cancelled", b"unknown"


async def the_cancelling_of_a_delayed_job(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(run_at=int(time.time()) + 1000)
    return CANCEL.call(broker.function().tag, broker.name, submitted.id), b"cancelled", b"unknown"


async def the_cancelling_of_a_running_job_that_others_wait_for(broker: Standin) -> tuple[Command, Reply, Reply]:
    submitted = await broker.submit(background=False, unique=b"u")
    await broker.claim()
    await listen_as_a_stranger(broker, submitted.id)
    return CANCEL.call(broker.function().tag, broker.name, submitted.id), b"cancelled", b"unknown"


async def a_dead_job(broker: Standin) -> JobId:
    submitted = await broker.submit(bytes(100_000), unique=b"u", background=False)
    assert await broker.requeue(await broker.claim(), limit=1) == [b"dead"]
    return submitted.id


async def the_cancelling_of_a_dead_job(broker: Standin) -> tuple[Command, Reply, Reply]:
    job = await a_dead_job(broker)
    return CANCEL.call(broker.function().tag, broker.name, job), b"cancelled", b"unknown"


async def the_revival_of_a_dead_job(broker: Standin) -> tuple[Command, Reply, Reply]:
    job = await a_dead_job(broker)
    return REVIVE.call(broker.function().tag, job), b"revived", b"alive"


async def the_taking_over_of_a_job(broker: Standin) -> tuple[Command, Reply, Reply]:
    job, record = job_id(broker.name, 1), pack_record(b"u", b"", b"cat.jpg", 1, background=True)
    command = ADOPT.call(broker.function().tag, job, record, b"", b"m" * 16, 1000, b"")
    return command, b"queued", [b"known", job]


async def the_making_of_a_function(broker: Standin) -> tuple[Command, Reply, Reply]:
    return INTRODUCE.call(broker.store.link.keys.tag(digest_of(b"new")), b"new"), b"known", b"known"


async def the_dropping_of_a_function(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit()
    await broker.finish(await broker.claim())
    await broker.store.steering.limit(FUNCTION, Limits(1, 2, 3))
    return DROP.call(broker.function().tag), b"dropped", b"unknown"


async def the_dropping_of_a_function_with_jobs(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.submit()
    return DROP.call(broker.function().tag), b"busy", b"busy"


async def a_limit(broker: Standin) -> tuple[Command, Reply, Reply]:
    return LIMIT.call(broker.function().tag, b"1 2 3"), b"limited", b"limited"


async def the_lifting_of_a_limit(broker: Standin) -> tuple[Command, Reply, Reply]:
    await broker.store.steering.limit(FUNCTION, Limits(1, 2, 3))
    return LIMIT.call(broker.function().tag, b""), b"lifted", b"lifted"


async def a_piece_of_data_posted(broker: Standin) -> None:
    command, *_ = await a_piece_of_data(broker)
    await broker.store.pipe.ask(*command)


async def listen_as_a_stranger(broker: Standin, job: bytes) -> None:
    await broker.store.pipe.ask(*ATTEND.call(broker.function().tag, STRANGER, 1, job))


TWICE: dict[str, Prepare] = {
    "a submit": a_submit,
    "a submit that somebody waits for": a_submit_that_somebody_waits_for,
    "a delayed submit": a_delayed_submit,
    "a submit that joins": a_submit_that_joins,
    "a submit whose job was handed out": a_submit_whose_job_was_handed_out,
    "a finish": a_finish,
    "a finish that somebody elsewhere hears": a_finish_that_somebody_elsewhere_hears,
    "a finish that must come again": a_finish_that_must_come_again,
    "the return of a suspect": a_return(b"suspect", -1, b"requeued"),
    "the return of an innocent": a_return(b"house", -1, b"requeued"),
    "the death of a job": a_return(b"suspect", 1, b"dead"),
    "the return of a job nobody waits for": a_return(b"suspect", -1, b"dropped", background=False),
    "the refusal of a large job": a_payload_whose_job_was_refused,
    "the end of a job without its payload": a_job_whose_payload_was_thrown_away,
    "progress": progress,
    "a piece of data": a_piece_of_data,
    "the leaving of the last who waits": the_leaving_of_the_last_who_waits,
    "a reconnect": a_reconnect,
    "the coming back of who waits": the_coming_back_of_who_waits,
    "the fencing of a broker": the_fencing_of_a_broker,
    "a goodbye": a_goodbye,
    "a goodbye with something left": a_goodbye_with_something_left,
    "the alarm": the_alarm,
    "the throwing away of mail": the_throwing_away_of_mail,
    "the cancelling of a queued job": the_cancelling_of_a_queued_job,
    "the cancelling of a delayed job": the_cancelling_of_a_delayed_job,
    "the cancelling of a running job that others wait for": the_cancelling_of_a_running_job_that_others_wait_for,
    "the cancelling of a dead job": the_cancelling_of_a_dead_job,
    "the revival of a dead job": the_revival_of_a_dead_job,
    "the taking over of a job": the_taking_over_of_a_job,
    "the making of a function": the_making_of_a_function,
    "the dropping of a function": the_dropping_of_a_function,
    "the dropping of a function with jobs": the_dropping_of_a_function_with_jobs,
    "a limit": a_limit,
    "the lifting of a limit": the_lifting_of_a_limit,
}
COVERED = {
    ADOPT,
    ENQUEUE,
    FINISH,
    REQUEUE,
    PROGRESS,
    POST,
    DETACH,
    REJOIN,
    ATTEND,
    FENCE,
    LEAVE,
    DUE,
    TRIM,
    CANCEL,
    REVIVE,
    INTRODUCE,
    DROP,
    LIMIT,
    DISCARD,
    VOID,
}
NEED_NOT = {
    CLAIM: "never repeated: what a lost answer handed out is found by rejoin and given back",
    RENEW: "counts: any change says that the broker lives",
    SWEEP: "a step: the next one goes on from there",
    PROBE: "leaves nothing",
    PAGE: "writes nothing",
    PAGE_DEAD: "writes nothing",
    STATUS: "writes nothing",
    STATUS_UNIQUE: "writes nothing",
    HOLDER: "writes nothing",
}
