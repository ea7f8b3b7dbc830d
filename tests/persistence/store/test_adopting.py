"""Jobs taken over from another server's queue: each once, whatever happens in between."""

import time
from typing import Any

import pytest

from persistence import Adopted, Adoptee, Dropped, StoreError, mark_of
from persistence.scripts import ADOPT
from protocol import Priority
from tests.persistence.store.beside import LARGE, STAYS, evict, left, taken_elsewhere
from tests.persistence.store.gate import Gate
from tests.persistence.store.standin import FUNCTION, Standin, answer_of, payloads
from tests.servers import RedisServer


def job(
    payload: bytes = b"x", unique: bytes = b"", *, priority: Priority = Priority.NORMAL, run_at: int = 0
) -> Adoptee:
    return Adoptee(FUNCTION, unique, payload, priority, run_at, mark_of(unique, payload))


async def adopt(broker: Standin, adoptee: Adoptee) -> Adopted | StoreError:
    return await answer_of(lambda answer: broker.store.adopting.adopt(broker.function(), adoptee, answer))


async def try_out(broker: Standin, adoptee: Adoptee) -> Adopted | StoreError:
    return await answer_of(lambda answer: broker.store.adopting.try_out(adoptee, answer))


async def test_a_job_is_taken_over_once_also_when_it_has_run_since_and_by_another(
    broker: Standin, other: Standin
) -> None:
    assert await adopt(broker, job()) is Adopted.ADOPTED
    assert await adopt(broker, job()) is Adopted.SEEN
    assert await adopt(other, job()) is Adopted.KNOWN
    claimed = await broker.claim()
    await broker.finish(claimed)
    assert await adopt(other, job()) is Adopted.KNOWN
    counts = await broker.counts()
    assert (counts.submitted, counts.completed, counts.total) == (1, 1, 0)


async def test_a_job_taken_over_is_an_ordinary_background_job(broker: Standin, other: Standin) -> None:
    other.store.listen(other.function())
    await other.settled()
    await adopt(broker, job(b"low", b"u1", priority=Priority.LOW))
    await adopt(broker, job(b"first"))
    await adopt(broker, job(b"second"))
    jobs = [await other.claim() for _ in range(3)]
    assert payloads(jobs) == [b"first", b"second", b"low"]
    assert all(each.background for each in jobs)
    assert jobs[2].unique == b"u1"
    assert (FUNCTION, Priority.NORMAL) in other.events.notices


async def test_a_job_for_later_is_scheduled_and_one_of_the_past_queued(broker: Standin) -> None:
    await adopt(broker, job(b"later", run_at=int(time.time()) + 1000))
    await adopt(broker, job(b"past", run_at=5))
    assert payloads([await broker.claim()]) == [b"past"]
    assert (await broker.counts()).scheduled == 1


async def test_a_job_whose_unique_is_taken_joins_and_is_remembered_as_well(broker: Standin, other: Standin) -> None:
    await broker.submit(b"mine", unique=b"u")
    assert await try_out(broker, job(b"theirs", b"u")) is Adopted.JOINED
    assert await adopt(broker, job(b"theirs", b"u")) is Adopted.JOINED
    await broker.finish(await broker.claim())
    assert await adopt(other, job(b"theirs", b"u")) is Adopted.KNOWN
    assert (await broker.counts()).coalesced == 1


async def test_a_trial_changes_nothing(broker: Standin, redis_server: RedisServer) -> None:
    broker.function()
    await broker.settled()
    before = sorted(redis_server.client().scan_iter("*"))
    assert await try_out(broker, job()) is Adopted.ADOPTED
    assert sorted(redis_server.client().scan_iter("*")) == before
    await adopt(broker, job())
    assert await try_out(broker, job()) is Adopted.KNOWN


async def test_a_repeat_after_a_lost_answer_is_told_as_done(broker: Standin) -> None:
    answer: list[Adopted | StoreError] = []
    broker.store.adopting.adopt(broker.function(), job(), answer.append)
    await broker.settled()
    assert answer == [Adopted.ADOPTED]
    ((mark, own),) = await marks(broker)
    record = b"\x05\0\0\0\0\0\0x"
    reply = await broker.store.pipe.ask(*ADOPT.call(broker.function().tag, own, record, b"", mark, 60, b""))
    assert reply == [b"known", own]
    assert (await broker.counts()).total == 1


async def marks(broker: Standin) -> list[tuple[bytes, bytes]]:
    """What is remembered: mark and id."""
    mark = job().mark
    key = broker.function().tag + b":imported:%02x" % mark[0]
    found: Any = await broker.store.pipe.ask(b"HGETALL", key)
    return list(found.items())


async def test_limits_of_queues_are_not_asked_for_the_job_was_accepted_once(
    broker: Standin, redis_server: RedisServer
) -> None:
    redis_server.client().hset(broker.store.link.keys.function(broker.function().tag), "limits", "1 1 1")
    assert [await adopt(broker, job(b"%d" % number)) for number in range(3)] == [Adopted.ADOPTED] * 3


async def test_a_store_that_is_full_says_so_and_has_taken_nothing(broker: Standin, redis_server: RedisServer) -> None:
    broker.function()
    await broker.settled()
    redis_server.client().config_set("maxmemory", 1)
    refused = await adopt(broker, job())
    assert isinstance(refused, StoreError)
    assert "OOM" in str(refused)
    redis_server.client().config_set("maxmemory", 0)
    assert await adopt(broker, job()) is Adopted.ADOPTED


@pytest.mark.parametrize(("one", "another"), [((b"a", b"bc"), (b"ab", b"c")), ((b"", b"1:"), (b"1:", b""))])
def test_marks_tell_where_a_part_ends(one: tuple[bytes, ...], another: tuple[bytes, ...]) -> None:
    assert mark_of(*one) != mark_of(*another)
    assert mark_of(*one) == mark_of(*one)
    assert len(mark_of(*one)) == 16


async def test_a_function_that_was_dropped_meanwhile_is_made_known_again(broker: Standin) -> None:
    await adopt(broker, job())
    await broker.finish(await broker.claim())
    assert await broker.store.steering.drop(FUNCTION) is Dropped.DROPPED
    assert await adopt(broker, job(b"next")) is Adopted.ADOPTED
    assert (await broker.counts()).total == 1


async def test_a_large_job_is_taken_over_with_its_payload_and_once(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer
) -> None:
    large = job(LARGE)
    assert await try_out(gated, large) is Adopted.ADOPTED
    assert left(redis_server) == {}
    gate.before(ADOPT, lambda: evict(redis_server))
    assert await adopt(gated, large) is Adopted.ADOPTED
    assert await adopt(other, large) is Adopted.KNOWN
    assert list(left(redis_server).values()) == [STAYS]
    assert await taken_elsewhere(other) == LARGE
    assert await adopt(other, large) is Adopted.KNOWN
    assert left(redis_server) == {}
