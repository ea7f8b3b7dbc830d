"""Each script that writes, twice with the same arguments: what an answer that was lost leads to.

Long, because every script there is must stand in its table, and a test here holds that.
"""

import time
from collections.abc import Awaitable, Callable

import pytest

from persistence.beside import EXPIRES_SECONDS
from persistence.jobs import ClaimedJob, Limits
from persistence.keys import digest_of
from persistence.records import Incarnation, job_id, new_incarnation, pack_record
from persistence.replies import Command, Reply, expect_list
from persistence.scripts import (
    ADOPT,
    ALL,
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
    POST,
    PROBE,
    PROGRESS,
    REJOIN,
    RENEW,
    REQUEUE,
    STATUS,
    STATUS_UNIQUE,
    SWEEP,
    TRIM,
    VOID,
)
from protocol import Priority
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import RedisServer

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
    submitted = await broker.submit(background=False)
    job = await broker.claim()
    unknown = job_id(broker.name, 99)
    command = REJOIN.call(broker.function().tag, broker.name, 5, submitted.id, unknown)
    answer: Reply = [[job.id, 1, broker.name], [unknown], 1]
    return command, answer, answer


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
    await broker.store.pipe.ask(*REJOIN.call(broker.function().tag, STRANGER, 1, job))


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
    "the fencing of a broker": the_fencing_of_a_broker,
    "a goodbye": a_goodbye,
    "a goodbye with something left": a_goodbye_with_something_left,
    "the alarm": the_alarm,
    "the throwing away of mail": the_throwing_away_of_mail,
    "the cancelling of a queued job": the_cancelling_of_a_queued_job,
    "the cancelling of a delayed job": the_cancelling_of_a_delayed_job,
    "the cancelling of a running job that others wait for": the_cancelling_of_a_running_job_that_others_wait_for,
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
    FENCE,
    LEAVE,
    DUE,
    TRIM,
    CANCEL,
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
    STATUS: "writes nothing",
    STATUS_UNIQUE: "writes nothing",
    HOLDER: "writes nothing",
}


@pytest.mark.parametrize("prepare", TWICE.values(), ids=TWICE.keys())
async def test_done_twice_it_is_done_once(broker: Standin, redis_server: RedisServer, prepare: Prepare) -> None:
    command, answer, answer_again = await prepare(broker)
    await broker.settled()
    before = picture(redis_server.client(), but=(b":beats",))
    assert await broker.store.pipe.ask(*command) == answer
    once = picture(redis_server.client(), but=(b":beats",))
    assert await broker.store.pipe.ask(*command) == answer_again
    assert picture(redis_server.client(), but=(b":beats",)) == once
    writes = answer not in ([b"ended", b"heard"], b"busy")
    assert (once != before) is writes


def test_every_script_is_in_this_table_or_need_not_be() -> None:
    assert COVERED | set(NEED_NOT) == set(ALL)
    assert not COVERED & set(NEED_NOT)


async def test_a_repeated_submit_whose_job_is_over_stores_nothing(broker: Standin) -> None:
    command = enqueue(broker, 1)
    await broker.store.pipe.ask(*command)
    await broker.finish(await broker.claim())
    assert await broker.store.pipe.ask(*command) == [b"gone"]
    assert (await broker.counts()).submitted == 1


async def test_a_repeated_submit_whose_job_is_over_joins_who_has_its_unique_now(broker: Standin) -> None:
    command = enqueue(broker, 1, unique=b"u", waits=b"1")
    await broker.store.pipe.ask(*command)
    await broker.finish(await broker.claim())
    await broker.store.pipe.ask(*enqueue(broker, 2, unique=b"u"))
    assert await broker.store.pipe.ask(*command) == [[b"joined", job_id(broker.name, 2), b"waiting"]]


GAPS: dict[str, tuple[list[tuple[int, int]], dict[int, bytes | str], bytes]] = {
    # name: (numbers sent, each with its floor), the answers when repeated with floor 1, the entry before that
    "none": ([(1, 1), (2, 1), (3, 1)], {1: "joined", 3: "joined"}, b"1 3"),
    "one refused": ([(1, 1), (3, 1)], {2: b"queued", 3: "joined"}, b"1 3 2-2"),
    "several refused": ([(5, 1), (9, 1)], {3: b"queued", 5: "joined", 7: b"queued"}, b"1 9 1-4 6-8"),
    "filled": ([(4, 1), (2, 1)], {1: b"queued", 2: "joined", 3: b"queued"}, b"1 4 1-1 3-3"),
    "given up": ([(1, 1), (6, 4)], {3: b"gone", 4: b"queued", 5: b"queued"}, b"1 6 4-5"),
    "all given up": ([(1, 1), (6, 6)], {3: b"gone", 5: b"gone"}, b"1 6"),
}


@pytest.mark.parametrize(("sent", "repeated", "entry"), GAPS.values(), ids=GAPS.keys())
async def test_a_number_that_was_refused_may_be_repeated_until_it_is_given_up(
    broker: Standin,
    redis_server: RedisServer,
    sent: list[tuple[int, int]],
    repeated: dict[int, bytes | str],
    entry: bytes,
) -> None:
    tag = broker.function().tag
    record = pack_record(b"", b"", b"", 1, True)

    async def say(number: int, floor: int) -> Reply:
        job = job_id(broker.name, number)
        arguments = (floor, 0, number, job, record, b"", b"", b"")
        (said,) = expect_list(
            await broker.store.pipe.ask(*broker.store.link.call(ENQUEUE, broker.function(), *arguments))
        )
        return said

    for number, floor in sent:
        assert await say(number, floor) == b"queued"
    assert redis_server.client().hget(tag + b":incarnations", broker.name) == entry
    for number, answer in repeated.items():
        said = await say(number, 1)
        assert said[0] == b"joined" if isinstance(said, list) else said == answer, number
    queue = redis_server.client().lrange(tag + b":normal", 0, -1)
    assert len(queue) == len(set(queue))


async def test_a_number_refused_by_a_full_queue_is_a_gap_until_it_is_answered(
    broker: Standin, redis_server: RedisServer
) -> None:
    tag = broker.function().tag
    await broker.store.steering.limit(FUNCTION, Limits(0, 1, 0))

    async def say(number: int, floor: int, priority: Priority) -> Reply:
        record = pack_record(b"", b"", b"", priority, True)
        arguments = (floor, 0, number, job_id(broker.name, number), record, b"", b"", b"")
        (said,) = expect_list(
            await broker.store.pipe.ask(*broker.store.link.call(ENQUEUE, broker.function(), *arguments))
        )
        return said

    def entry() -> object:
        return redis_server.client().hget(tag + b":incarnations", broker.name)

    said = [await say(1, 1, NORMAL), await say(2, 1, NORMAL), await say(3, 1, HIGH), await say(4, 1, NORMAL)]
    assert said == [b"queued", b"full", b"queued", b"full"]
    # All answers were lost: everything comes again, and only what was refused is looked at anew.
    assert entry() == b"1 3 2-2"
    assert await say(1, 1, NORMAL) == [b"joined", job_id(broker.name, 1), b"waiting"]
    assert await say(2, 1, NORMAL) == b"full"
    await broker.store.steering.limit(FUNCTION, Limits())
    assert await say(2, 1, NORMAL) == b"queued"
    assert await say(2, 1, NORMAL) == [b"joined", job_id(broker.name, 2), b"waiting"]
    assert await say(3, 1, HIGH) == [b"joined", job_id(broker.name, 3), b"waiting"]
    assert await say(4, 1, NORMAL) == b"queued"
    assert entry() == b"1 4"
    # Who was told that the queue is full does not come again.
    await broker.store.steering.limit(FUNCTION, Limits(0, 1, 0))
    assert [await say(5, 5, NORMAL), await say(6, 6, HIGH)] == [b"full", b"queued"]
    assert entry() == b"1 6"


async def test_who_is_of_an_older_generation_is_refused(broker: Standin) -> None:
    await broker.submit()
    tag = broker.function().tag
    await broker.store.pipe.ask(*REJOIN.call(tag, broker.name, 3))
    for generation, answer in ((2, b"stale"), (3, [b"claimed", 0b011, 0])):
        said = await broker.store.pipe.ask(*CLAIM.call(tag, broker.name, generation, 1, 1, 1, 0))
        assert (said[:1] if isinstance(said, list) else said) == (answer[:1] if isinstance(answer, list) else answer)
    assert await broker.store.pipe.ask(*REJOIN.call(tag, broker.name, 2)) == b"stale"


FENCED: dict[str, Callable[[Standin], Command]] = {
    "submit": lambda broker: enqueue(broker, 1),
    "claim": lambda broker: broker.store.link.call(CLAIM, broker.function(), 1, 2, 1, 0),
    "finish": lambda broker: broker.store.link.call(FINISH, broker.function(), b"id", 1, b"completed", b"", b"", b""),
    "requeue": lambda broker: broker.store.link.call(REQUEUE, broker.function(), b"house", -1, b"id", 1),
    "progress": lambda broker: broker.store.link.call(PROGRESS, broker.function(), b"id", 1, 1, 1),
    "post": lambda broker: broker.store.link.call(POST, broker.function(), b"id", 1, 1, b"data", b""),
    "detach": lambda broker: broker.store.link.call(DETACH, broker.function(), b"id"),
    "rejoin": lambda broker: broker.store.link.call(REJOIN, broker.function()),
}


@pytest.mark.parametrize("command", FENCED.values(), ids=FENCED.keys())
async def test_who_was_taken_for_lost_is_not_obeyed(
    broker: Standin, redis_server: RedisServer, command: Callable[[Standin], Command]
) -> None:
    await broker.settled()
    tag = broker.store.link.keys.tag(digest_of(FUNCTION))
    await broker.store.bulk.ask(*FENCE.call(tag, broker.name, 100, 86_400))
    said = command(broker)
    await broker.settled()
    before = picture(redis_server.client(), but=(b":beats",))
    assert await broker.store.pipe.ask(*said) in (b"fenced", [b"fenced"])
    assert picture(redis_server.client(), but=(b":beats",)) == before


async def test_a_submit_stored_before_its_broker_was_taken_for_lost_is_not_stored_twice(broker: Standin) -> None:
    command = enqueue(broker, 1, waits=b"1")
    asking = [*command[:5], 0, *command[6:]]
    assert await broker.store.pipe.ask(*asking) == [b"fenced"]  # it was not stored, and nothing is under this name
    assert await broker.store.pipe.ask(*command) == [b"queued"]
    assert await broker.store.pipe.ask(*asking) == [[b"joined", job_id(broker.name, 1), b"waiting"]]
    assert (await broker.counts()).submitted == 1


async def test_fences_and_goodbyes_are_forgotten_after_a_day(broker: Standin, redis_server: RedisServer) -> None:
    tag = broker.function().tag
    old, recent, live = new_incarnation(), new_incarnation(), broker.name
    await broker.submit()
    now = int(time.time())
    redis_server.client().hset(
        tag + b":incarnations",
        mapping={old: b"fenced %d 0 0" % (now - 90_000), recent: b"fenced %d 0 0" % (now - 80_000)},
    )
    await broker.store.bulk.ask(*LEAVE.call(tag, STRANGER, 86_400))
    known = redis_server.client().hkeys(tag + b":incarnations")
    assert set(known) == {recent, live, STRANGER}
