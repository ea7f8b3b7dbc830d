"""Large payloads on a server that throws away what it was given, or takes nothing more."""

import logging
from collections.abc import Callable

import pytest

from persistence import Adopted, Adoptee, StoreError, StoreRefusedError, StoreUnavailableError, Submitted, mark_of
from persistence.scripts import ADOPT, ENQUEUE, VOID, Script
from protocol import Priority
from tests.persistence.pipes import until
from tests.persistence.store.beside import LARGE, OTHER, evict, left, taken_elsewhere
from tests.persistence.store.gate import Gate
from tests.persistence.store.standin import FUNCTION, Standin, answer_of
from tests.servers import RedisServer


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


async def test_what_is_taken_over_at_the_memory_limit_leaves_nothing(
    gate: Gate, gated: Standin, redis_server: RedisServer
) -> None:
    job = Adoptee(FUNCTION, b"", LARGE, Priority.NORMAL, 0, mark_of(LARGE))
    gate.before(ADOPT, lambda: fill_behind_it(redis_server))
    outcome: Adopted | StoreError = await answer_of(
        lambda answer: gated.store.adopting.adopt(gated.function(), job, answer)
    )
    assert isinstance(outcome, StoreRefusedError)
    await until(lambda: left(redis_server) == {})
    make_room(redis_server)
