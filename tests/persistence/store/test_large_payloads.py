"""Large payloads are kept beside their records: there is no job without its payload, and no payload left over."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from persistence import (
    Adopted,
    Adoptee,
    Limits,
    Manner,
    Outcome,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
    Submitted,
    mark_of,
)
from persistence.beside import BESIDE_BYTES, EXPIRES_SECONDS
from persistence.records import JobId, unpack_record
from persistence.scripts import ADOPT, ENQUEUE, FENCE, VOID, Script
from protocol import Priority
from tests.faults.proxy import Pass, Proxy, Wire, open_proxy
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.gate import Gate
from tests.persistence.store.standin import FUNCTION, Answer, Standin, answer_of
from tests.servers import RedisServer

LARGE = bytes(range(256)) * 1_000
OTHER = LARGE[::-1]
STAYS = -1
"""What PTTL says of a key that does not expire."""
KEPT_SECONDS = 60


def left(server: RedisServer) -> dict[bytes, int]:
    """By id, the payloads in Redis, and how long they stay in milliseconds."""
    client = server.client()
    return {key.rpartition(b":payload:")[2]: client.pttl(key) for key in client.scan_iter(b"*:payload:*")}


def is_waiting(server: RedisServer, job: JobId) -> bool:
    """Whether the only payload there is expires, for it belongs to no job."""
    (expires,) = left(server).items()
    return expires[0] == job and 0 < expires[1] <= EXPIRES_SECONDS * 1_000


def evict(server: RedisServer) -> None:
    """Throw away the payload that was handed in, as soon as it has come."""
    client = server.client()
    while not (keys := list(client.scan_iter(b"*:payload:*"))):
        pass
    client.delete(*keys)


@pytest.fixture
async def gate(redis_server: RedisServer) -> AsyncIterator[Gate]:
    """A gate in front of the server."""
    async with open_proxy(Gate(redis_server.port)) as gate:
        yield gate


@pytest.fixture
async def gated(gate: Gate, redis_server: RedisServer, start: Start) -> AsyncIterator[Standin]:
    """A broker behind it, which has met the function."""
    broker = await start(Standin(redis_server, port=gate.port))
    broker.function()
    await broker.settled()
    yield broker
    gate.heal()
    await broker.abandon()


async def fence(lost: Standin, other: Standin) -> None:
    """A broker is taken for lost."""
    command = FENCE.call(other.function().tag, lost.name, 10, KEPT_SECONDS)
    await other.store.pipe.ask(*command)


async def taken_elsewhere(other: Standin) -> bytes:
    """What a broker is handed that has not seen it before; the job ends."""
    job = await other.claim()
    assert await other.finish(job) == b"finished"
    return job.payload


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
    await fence(broker, other)


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


# -- cuts


@pytest.mark.parametrize("kind", [b"SET", ENQUEUE], ids=["it", "its job"])
async def test_a_cut_before_it_or_its_job_is_there_is_made_good(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer, kind: bytes | Script
) -> None:
    gate.before(kind, lambda: None, then_cut=True)
    submits = [gated.submit_soon(payload) for payload in (LARGE, b"small", OTHER)]
    await until(lambda: all(submits))
    assert [answer.outcome for (answer,) in submits] == [Submitted.QUEUED] * 3
    assert set(left(redis_server).values()) == {STAYS}
    assert [await taken_elsewhere(other) for _ in submits] == [LARGE, b"small", OTHER]
    assert left(redis_server) == {}


async def test_a_cut_in_the_middle_of_it_is_made_good(redis_server: RedisServer, start: Start, other: Standin) -> None:
    async with open_proxy(CutsOnce(redis_server.port)) as proxy:
        broker = await start(Standin(redis_server, port=proxy.port))
        assert (await broker.submit(LARGE)).outcome is Submitted.QUEUED
        assert proxy.has_cut
        assert await taken_elsewhere(other) == LARGE
        await broker.abandon()


class CutsOnce(Proxy):
    """Hangs up in the middle of the first long piece."""

    has_cut = False

    async def say(self, wire: Wire, data: bytes, on: Pass) -> None:
        if len(data) < 30_000 or self.has_cut:
            await on(data)
            return
        self.has_cut = True
        await on(data[:10_000])
        wire.cut()
        raise trio.ClosedResourceError


async def test_who_dies_between_it_and_its_job_leaves_what_expires(
    gate: Gate, gated: Standin, redis_server: RedisServer
) -> None:
    gate.reachable = False
    gate.before(ENQUEUE, lambda: None, then_cut=True)
    gated.submit_soon(LARGE)
    await until(lambda: not gated.store.connected)
    (job,) = left(redis_server)
    assert is_waiting(redis_server, JobId(job))


async def test_a_lost_answer_is_asked_for_again_and_the_job_keeps_it(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer
) -> None:
    gate.drop_replies = True
    submits = gated.submit_soon(LARGE)
    await until(lambda: list(left(redis_server).values()) == [STAYS])
    gate.cut()
    gate.heal()
    await until(lambda: bool(submits))
    (answer,) = submits
    assert (answer.outcome, left(redis_server)) == (Submitted.JOINED, {answer.id: STAYS})
    assert await taken_elsewhere(other) == LARGE


async def test_a_repeat_of_what_is_over_leaves_nothing(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer
) -> None:
    gate.drop_replies = True
    submits = gated.submit_soon(LARGE)
    await until(lambda: list(left(redis_server).values()) == [STAYS])
    assert await taken_elsewhere(other) == LARGE
    gate.cut()
    gate.heal()
    await until(lambda: bool(submits))
    assert (submits[0].outcome, left(redis_server)) == (Submitted.GONE, {})


async def test_a_broker_taken_for_lost_hands_it_in_once_more_under_its_new_name(
    broker: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await broker.submit()
    await fence(broker, other)
    answer = await broker.submit(LARGE)
    assert broker.events.fences == 1
    assert answer.outcome is Submitted.QUEUED
    stays = [job for job, milliseconds in left(redis_server).items() if milliseconds == STAYS]
    assert stays == [answer.id]
    assert broker.store.claiming.kept.size == len(LARGE)
    assert [await taken_elsewhere(other) for _ in range(2)] == [b"cat.jpg", LARGE]


# -- a server that lets go of what it has, or takes nothing


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_payload_that_is_not_there_is_handed_in_again_and_not_without_end(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer, times: int
) -> None:
    gate.before(ENQUEUE, lambda: evict(redis_server), times=times)
    answer = await gated.submit(LARGE)
    if times < 3:
        assert answer.outcome is Submitted.QUEUED
        assert await taken_elsewhere(other) == LARGE
    else:
        assert isinstance(answer.outcome, StoreRefusedError)
        assert answer.outcome.word == "EVICTED"
        assert gated.store.claiming.kept.size == 0
        assert (await gated.submit(OTHER)).outcome is Submitted.QUEUED
        assert await taken_elsewhere(other) == OTHER


def fill(server: RedisServer) -> None:
    server.client().config_set("maxmemory", 1)


def fill_behind_it(server: RedisServer) -> None:
    while not left(server):
        pass
    fill(server)


def make_room(server: RedisServer) -> None:
    server.client().config_set("maxmemory", 0)


def make_room_behind_a_refusal(server: RedisServer) -> None:
    while "errorstat_OOM" not in server.client().info("errorstats"):
        pass
    make_room(server)


@pytest.mark.parametrize(("before", "act"), [(b"SET", fill), (ENQUEUE, fill_behind_it)], ids=["both", "the job"])
async def test_at_the_memory_limit_it_is_refused_as_any_and_nothing_is_left(
    gate: Gate, gated: Standin, redis_server: RedisServer, before: bytes | Script, act: Callable[[RedisServer], None]
) -> None:
    gate.before(before, lambda: act(redis_server))
    answer = await gated.submit(LARGE)
    assert isinstance(answer.outcome, StoreRefusedError)
    assert answer.outcome.word == "OOM"
    await until(lambda: left(redis_server) == {})
    make_room(redis_server)
    assert (await gated.submit(OTHER)).outcome is Submitted.QUEUED
    assert (await gated.claim()).payload == OTHER


async def test_a_payload_that_is_refused_and_not_its_job_is_the_reason_that_is_told(
    gate: Gate, gated: Standin, redis_server: RedisServer
) -> None:
    redis_server.client().config_resetstat()
    fill(redis_server)
    gate.before(ENQUEUE, lambda: make_room_behind_a_refusal(redis_server))
    answer = await gated.submit(LARGE)
    assert isinstance(answer.outcome, StoreRefusedError)
    assert answer.outcome.word == "OOM"
    assert (await gated.look()).job is None
    assert left(redis_server) == {}


async def test_a_job_whose_payload_was_evicted_fails_and_everybody_hears_so(
    broker: Standin, other: Standin, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    broker.store.listen(broker.function())
    await broker.submit(LARGE, background=False)
    evict(redis_server)
    with caplog.at_level(logging.ERROR):
        assert (await other.look()).job is None
    await until(lambda: bool(broker.events.mails))
    assert [mail.kind for mail in broker.events.mails] == [b"failed"]
    assert "has failed: Redis has thrown away its payload" in caplog.text
    counts = await broker.counts()
    assert (counts.failed, counts.running, counts.total) == (1, 0, 0)


async def test_a_payload_that_a_server_did_not_know_of_yet_is_asked_for_again(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer
) -> None:
    submitted = await other.submit(LARGE)
    client, key = redis_server.client(), gated.store.link.keys.payload(gated.function().tag, submitted.id)
    gate.before(b"GET", lambda: client.rename(key, b"aside"))
    looks = gated.claim_soon()
    await until(lambda: bool(client.exists(b"aside")))
    gate.before(VOID, lambda: client.rename(b"aside", key))
    await until(lambda: bool(looks))
    assert isinstance(looks[0].job, StoreUnavailableError)
    assert (await gated.claim()).payload == LARGE


# -- taken over from another server


async def test_a_large_job_is_taken_over_with_its_payload_and_once(
    gate: Gate, gated: Standin, other: Standin, redis_server: RedisServer
) -> None:
    job = Adoptee(FUNCTION, b"", LARGE, Priority.NORMAL, 0, mark_of(LARGE))

    async def adopt(broker: Standin) -> Adopted | StoreError:
        return await answer_of(lambda answer: broker.store.adopting.adopt(broker.function(), job, answer))

    tried: list[Adopted | StoreError] = []
    gated.store.adopting.try_out(job, tried.append)
    await until(lambda: bool(tried))
    assert (tried, left(redis_server)) == ([Adopted.ADOPTED], {})
    gate.before(ADOPT, lambda: evict(redis_server))
    assert await adopt(gated) is Adopted.ADOPTED
    assert await adopt(other) is Adopted.KNOWN
    assert list(left(redis_server).values()) == [STAYS]
    assert await taken_elsewhere(other) == LARGE
    assert await adopt(other) is Adopted.KNOWN
    assert left(redis_server) == {}


async def test_what_is_taken_over_at_the_memory_limit_leaves_nothing(
    gate: Gate, gated: Standin, redis_server: RedisServer
) -> None:
    job = Adoptee(FUNCTION, b"", LARGE, Priority.NORMAL, 0, mark_of(LARGE))
    gate.before(ADOPT, lambda: fill_behind_it(redis_server))
    outcomes: list[Adopted | StoreError] = []
    gated.store.adopting.adopt(gated.function(), job, outcomes.append)
    await until(lambda: bool(outcomes))
    assert isinstance(outcomes[0], StoreRefusedError)
    await until(lambda: left(redis_server) == {})
    make_room(redis_server)


async def test_a_submit_in_an_outage_is_held_once_and_sent_when_it_ends(
    gate: Gate, gated: Standin, other: Standin
) -> None:
    gate.reachable = False
    gate.cut()
    await until(lambda: not gated.store.connected)
    submits: list[list[Answer]] = [gated.submit_soon(payload) for payload in (LARGE, OTHER)]
    assert gated.store.pipe.statistics().unsent_bytes < 2 * len(LARGE) + 10_000
    gate.heal()
    await until(lambda: all(submits))
    assert [await taken_elsewhere(other) for _ in submits] == [LARGE, OTHER]
