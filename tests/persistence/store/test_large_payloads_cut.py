"""Large payloads when a connection, or a broker, is lost between a payload and its job."""

import pytest
import trio

from persistence import Submitted
from persistence.beside import EXPIRES_SECONDS
from persistence.records import JobId
from persistence.scripts import ENQUEUE, Script
from tests.faults.proxy import Pass, Proxy, Wire, open_proxy
from tests.persistence.pipes import until
from tests.persistence.store.beside import LARGE, OTHER, STAYS, left, taken_elsewhere
from tests.persistence.store.conftest import Start
from tests.persistence.store.gate import Gate
from tests.persistence.store.standin import Answer, Standin
from tests.servers import RedisServer


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


def is_waiting(server: RedisServer, job: JobId) -> bool:
    """Whether the only payload there is expires, for it belongs to no job."""
    (expires,) = left(server).items()
    return expires[0] == job and 0 < expires[1] <= EXPIRES_SECONDS * 1_000


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
    await other.fence(broker.name)
    answer = await broker.submit(LARGE)
    assert broker.events.fences == 1
    assert answer.outcome is Submitted.QUEUED
    stays = [job for job, milliseconds in left(redis_server).items() if milliseconds == STAYS]
    assert stays == [answer.id]
    assert broker.store.claiming.kept.size == len(LARGE)
    assert [await taken_elsewhere(other) for _ in range(2)] == [b"cat.jpg", LARGE]


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
