"""Each script that writes, twice with the same arguments: what an answer that was lost leads to."""

import time
from collections.abc import Callable

import pytest

from persistence.jobs import Limits
from persistence.keys import digest_of
from persistence.records import job_id, new_incarnation, pack_record
from persistence.replies import Command, Reply, expect_list
from persistence.scripts import (
    ALL,
    ATTEND,
    CLAIM,
    DETACH,
    ENQUEUE,
    FENCE,
    FINISH,
    LEAVE,
    POST,
    PROGRESS,
    REJOIN,
    REQUEUE,
)
from protocol import Priority
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import FUNCTION, Standin
from tests.persistence.store.twice import COVERED, HIGH, NEED_NOT, NORMAL, STRANGER, TWICE, Prepare, enqueue
from tests.servers import RedisServer


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
    await broker.store.pipe.ask(*REJOIN.call(tag, broker.name, 3, b"", 1))
    for generation, answer in ((2, b"stale"), (3, [b"claimed", 0b011, 0])):
        said = await broker.store.pipe.ask(*CLAIM.call(tag, broker.name, generation, 1, 1, 1, 0))
        assert (said[:1] if isinstance(said, list) else said) == (answer[:1] if isinstance(answer, list) else answer)
    assert await broker.store.pipe.ask(*REJOIN.call(tag, broker.name, 2, b"", 1)) == b"stale"


FENCED: dict[str, Callable[[Standin], Command]] = {
    "submit": lambda broker: enqueue(broker, 1),
    "claim": lambda broker: broker.store.link.call(CLAIM, broker.function(), 1, 2, 1, 0),
    "finish": lambda broker: broker.store.link.call(FINISH, broker.function(), b"id", 1, b"completed", b"", b"", b""),
    "requeue": lambda broker: broker.store.link.call(REQUEUE, broker.function(), b"house", -1, b"id", 1),
    "progress": lambda broker: broker.store.link.call(PROGRESS, broker.function(), b"id", 1, 1, 1),
    "post": lambda broker: broker.store.link.call(POST, broker.function(), b"id", 1, 1, b"data", b""),
    "detach": lambda broker: broker.store.link.call(DETACH, broker.function(), b"id"),
    "rejoin": lambda broker: broker.store.link.call(REJOIN, broker.function(), b"", 1),
    "attend": lambda broker: broker.store.link.call(ATTEND, broker.function(), b"id"),
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
    assert await broker.store.pipe.ask(*command) == [b"queued"]
    assert await broker.store.pipe.ask(*asking) == [[b"joined", job_id(broker.name, 1), b"waiting"]]
    assert (await broker.counts()).submitted == 1


async def test_a_submit_that_comes_after_it_was_said_that_it_was_not_stored_stores_nothing(broker: Standin) -> None:
    for number in (1, 2):
        command = enqueue(broker, number)
        asking = [*command[:5], 0, *command[6:]]
        for _ in range(2):
            assert await broker.store.pipe.ask(*asking) == [b"fenced"]
            assert await broker.store.pipe.ask(*command) == [b"stale"]
    assert (await broker.counts()).submitted == 0


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
