"""Large payloads are kept beside their records: there is no job without its payload, and no payload left over."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from persistence import Limits, Manner, Outcome, Submitted
from persistence.beside import BESIDE_BYTES
from persistence.records import JobId
from tests.persistence.pipes import until
from tests.persistence.record import unpack_record
from tests.persistence.store.beside import LARGE, OTHER, STAYS, left, taken_elsewhere
from tests.persistence.store.gate import Gate
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import RedisServer

# -- where it is, and how long


async def test_a_record_holds_all_but_a_large_payload(broker: Standin, redis_server: RedisServer) -> None:
    small, large = await broker.submit(bytes(BESIDE_BYTES)), await broker.submit(LARGE, unique=b"u")
    records = redis_server.client().hgetall(broker.store.link.keys.jobs(broker.function().tag))
    assert not unpack_record(records[small.id]).beside
    record = unpack_record(records[large.id])
    assert (record.beside, record.unique, record.payload) == (True, b"u", b"")
    assert left(redis_server) == {large.id: STAYS}


async def test_it_is_handed_out_everywhere_as_it_was_handed_in(broker: Standin, other: Standin) -> None:
    for payload in (LARGE, OTHER, LARGE):
        await broker.submit(payload)
    assert [await taken_elsewhere(other), (await broker.claim()).payload] == [LARGE, OTHER]
    job = await broker.claim()
    await broker.requeue(job)
    assert [(await other.claim()).payload] == [LARGE]


@pytest.mark.parametrize("background", [True, False])
async def test_several_of_one_pass_keep_their_own(
    broker: Standin, other: Standin, background: bool, redis_server: RedisServer
) -> None:
    payloads = [bytes([number]) * (BESIDE_BYTES + number % 2) for number in range(6)]
    submits = [broker.submit_soon(payload, background=background) for payload in payloads]
    await until(lambda: all(submits))
    assert len(left(redis_server)) == 3
    assert [await taken_elsewhere(other) for _ in payloads] == payloads
    assert left(redis_server) == {}


Act = Callable[[Standin, Standin], Awaitable[object]]


async def finished(broker: Standin, other: Standin) -> None:
    await broker.finish(await broker.claim())


async def failed_elsewhere(broker: Standin, other: Standin) -> None:
    await other.finish(await other.claim(), outcome=Outcome.FAILED, aloud=True)


async def finished_late(broker: Standin, other: Standin) -> None:
    job = await other.claim()
    await other.requeue(job)
    await other.finish(job, aloud=True)


async def cancelled(broker: Standin, other: Standin) -> None:
    job = await broker.claim()
    assert await other.store.steering.cancel(job.handle)


async def given_up(broker: Standin, other: Standin) -> None:
    await broker.detach(*broker.events.waiting[FUNCTION])


async def given_up_and_given_back(broker: Standin, other: Standin) -> None:
    job = await other.claim()
    await broker.detach(*broker.events.waiting[FUNCTION])
    assert await other.requeue(job) == [b"dropped"]


async def lost_with_its_broker(broker: Standin, other: Standin) -> None:
    await other.fence(broker.name)


ENDS: dict[str, Act] = {
    "finished": finished,
    "failed elsewhere": failed_elsewhere,
    "finished late": finished_late,
    "cancelled": cancelled,
    "given up": given_up,
    "given up and given back": given_up_and_given_back,
    "lost with its broker": lost_with_its_broker,
}


@pytest.mark.parametrize("end", ENDS)
async def test_it_goes_with_its_job(broker: Standin, other: Standin, redis_server: RedisServer, end: str) -> None:
    await broker.submit(LARGE, background=False)
    assert len(left(redis_server)) == 1
    await ENDS[end](broker, other)
    await until(lambda: left(redis_server) == {})
    assert redis_server.client().hlen(broker.store.link.keys.jobs(broker.function().tag)) == 0


async def test_a_dead_job_keeps_it_also_from_a_repeat(gate: Gate, gated: Standin, redis_server: RedisServer) -> None:
    gate.drop_replies = True
    submits = gated.submit_soon(LARGE)
    await until(lambda: list(left(redis_server).values()) == [STAYS])
    async with killed_by(gated, redis_server) as job:
        gate.cut()
        gate.heal()
        await until(lambda: bool(submits))
    assert submits[0].outcome is Submitted.GONE
    assert left(redis_server) == {job: STAYS}
    assert redis_server.client().hkeys(gated.function().tag + b":remains") == [job]


@asynccontextmanager
async def killed_by(broker: Standin, server: RedisServer) -> AsyncIterator[JobId]:
    """The job of this broker runs, and dies of it, elsewhere."""
    async with trio.open_nursery() as nursery:
        other = Standin(server)
        await nursery.start(lambda task_status: other.run(task_status=task_status))
        job = await other.claim()
        assert job.payload == LARGE
        assert await other.requeue(job, manner=Manner.SUSPECT, limit=1) == [b"dead"]
        yield job.id
        await other.abandon()


# -- submits that store nothing


async def test_one_that_joins_leaves_what_is_there(broker: Standin, other: Standin, redis_server: RedisServer) -> None:
    first = await broker.submit(LARGE, unique=b"u", background=False)
    joined = await other.submit(OTHER, unique=b"u")
    assert (joined.outcome, joined.id) == (Submitted.JOINED, first.id)
    assert left(redis_server) == {first.id: STAYS}
    job = await other.claim()
    assert (job.payload, job.background, job.beside) == (LARGE, True, True)


async def test_one_that_is_refused_leaves_nothing(broker: Standin, redis_server: RedisServer) -> None:
    await broker.store.steering.limit(FUNCTION, Limits(1, 1, 1))
    await broker.submit()
    assert (await broker.submit(LARGE)).outcome is Submitted.FULL
    assert left(redis_server) == {}
    assert broker.store.claiming.kept.size == 0


async def test_one_for_a_function_that_was_dropped_is_stored(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit()
    await broker.finish(await broker.claim())
    await other.store.steering.drop(FUNCTION)
    submitted = await broker.submit(LARGE)
    assert submitted.outcome is Submitted.QUEUED
    assert left(redis_server) == {submitted.id: STAYS}
    assert await taken_elsewhere(other) == LARGE
