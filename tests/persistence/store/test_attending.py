"""A reconnect of a broker at which clients wait for many jobs, or that runs many: told some at a time."""

from typing import Any

from persistence.arrears import OVERHEAD_BYTES
from persistence.attending import AT_ONCE
from persistence.records import JobId
from persistence.scripts import ATTEND, CLAIM, FENCE, REJOIN
from tests.persistence.pipes import until
from tests.persistence.store.gate import Gate
from tests.persistence.store.standin import FUNCTION, Standin, only, payloads
from tests.servers import RedisServer

PARTS_OF_AN_ATTEND = 6
"""Besides the ids."""


async def wait_for_many(*brokers: Standin, count: int = 1000) -> list[JobId]:
    """Jobs for which clients wait at all of these."""
    uniques = [b"%d" % number for number in range(count)]
    for broker in brokers:
        for answers in [broker.submit_soon(unique=unique, background=False) for unique in uniques]:
            await only(answers)
    return list(brokers[0].events.waiting[FUNCTION])


def listeners(broker: Standin, client: Any) -> dict[bytes, bytes]:
    joined: dict[bytes, bytes] = client.hgetall(broker.function().tag + b":listeners")
    return joined


def forget_listeners(broker: Standin, client: Any) -> None:
    """As a Redis that came back older than it was."""
    client.delete(broker.function().tag + b":listeners", attending(broker))


def attending(broker: Standin) -> bytes:
    return broker.function().tag + b":attending:" + broker.name


async def test_no_script_is_long_however_many_jobs_are_waited_for(
    gated: Standin, gate: Gate, redis_server: RedisServer
) -> None:
    jobs = await wait_for_many(gated)
    client = redis_server.client()
    forget_listeners(gated, client)
    gate.longest = 0
    gate.cut()
    await until(lambda: client.scard(attending(gated)) == len(jobs))
    assert listeners(gated, client) == dict.fromkeys(jobs, gated.name)
    assert gate.longest == PARTS_OF_AN_ATTEND + 128


async def test_a_break_between_two_scripts_lets_nobody_wait_for_ever(
    gated: Standin, gate: Gate, other: Standin, redis_server: RedisServer
) -> None:
    jobs = await wait_for_many(gated)
    client = redis_server.client()
    done = await other.claim()
    seen = 0

    def acts() -> bool:
        nonlocal seen
        seen += 1
        return seen != 3

    gate.kind, gate.act = ATTEND.sha, acts
    forget_listeners(gated, client)
    client.hset(gated.function().tag + b":listeners", done.id, gated.name)
    assert await other.finish(done, b"result", aloud=True) == b"finished"
    client.hdel(gated.function().tag + b":jobs", jobs[-1])  # lost without a word
    gate.cut()
    await until(lambda: client.scard(attending(gated)) == len(jobs) - 2 and len(gated.events.gone) == 2)
    assert gated.events.reconnects == 3
    assert [(mail.id, mail.kind, mail.payload) for mail in gated.events.mails] == [(done.id, b"completed", b"result")]
    assert set(gated.events.gone) == {done.id, jobs[-1]}
    assert listeners(gated, client) == dict.fromkeys(gated.events.waiting[FUNCTION], gated.name)
    await until(lambda: gated.store.pipe.statistics().in_flight == 0)
    assert seen <= 3 + AT_ONCE + 8, "what was on the way is not said again and again"


async def test_connections_that_break_one_after_another_leave_nothing_behind(
    gated: Standin, gate: Gate, redis_server: RedisServer
) -> None:
    jobs = await wait_for_many(gated)
    client = redis_server.client()
    forget_listeners(gated, client)
    owed: list[int] = []
    gate.before(ATTEND, lambda: owed.append(gated.store.link.arrears.bytes), then_cut=True, times=5)
    gate.cut()
    await until(lambda: client.scard(attending(gated)) == len(jobs))
    assert gated.events.reconnects == 1 + 1 + 5
    # Each of them also owes that the function is listed.
    assert owed == [(AT_ONCE + connections) * OVERHEAD_BYTES for connections in range(1, 6)]


async def test_who_is_taken_for_lost_between_two_scripts_waits_under_its_new_name(
    gated: Standin, gate: Gate, other: Standin, redis_server: RedisServer
) -> None:
    jobs = await wait_for_many(other, gated)
    client, old, seen = redis_server.client(), gated.name, 0
    was_attending = attending(gated)
    fence = FENCE.call(gated.function().tag, old, 10_000, 86_400)

    def acts() -> bool:
        nonlocal seen
        seen += 1
        if seen == 3:
            client.execute_command(*fence)
        return True

    gate.kind, gate.act = ATTEND.sha, acts
    gate.cut()
    await until(lambda: gated.name != old and client.scard(attending(gated)) == len(jobs))
    assert listeners(gated, client) == dict.fromkeys(jobs, other.name + gated.name)
    assert client.exists(was_attending) == 0
    assert gated.events.gone == []


async def test_who_leaves_between_two_scripts_is_not_waited_for_again(
    gated: Standin, gate: Gate, other: Standin, redis_server: RedisServer
) -> None:
    jobs = await wait_for_many(other, gated)
    client, last = redis_server.client(), jobs[-1]
    told: list[bool] = []

    def leave() -> None:
        gated.events.waiting[FUNCTION].remove(last)
        gated.store.ending.detach(gated.function(), [last], lambda: told.append(True))

    gate.before(ATTEND, leave)
    gate.cut()
    await until(lambda: bool(told))
    await until(lambda: gated.store.pipe.statistics().in_flight == 0)
    assert listeners(gated, client)[last] == other.name
    assert client.scard(attending(gated)) == len(jobs) - 1


async def test_what_runs_here_is_compared_some_at_a_time(gated: Standin, gate: Gate, redis_server: RedisServer) -> None:
    uniques = [b"%d" % number for number in range(330)]
    submits = [gated.submit_soon(unique, unique=unique) for unique in uniques]
    await until(lambda: all(submits))
    known = [await gated.claim() for _ in range(100)]
    numbers = [gated.store.claiming.next_number() for _ in range(200)]
    for first in (numbers[0], numbers[100]):
        await gated.run_script(CLAIM, first, 2, 100, 65_536)  # whose answers go nowhere
    known += [await gated.claim() for _ in range(30)]
    steps: list[None] = []
    gate.before(REJOIN, lambda: steps.append(None), times=100)
    gate.longest = 0
    gate.cut()
    await until(lambda: gated.events.reconnects == 2)
    counts = await gated.counts()
    assert (counts.running, counts.requeued) == (130, 200)
    assert len(steps) == 3
    assert gate.longest <= 8 + 2 * 128
    assert payloads([await gated.claim() for _ in range(200)]) == uniques[100:300]
    assert await gated.finish(known[0]) == await gated.finish(known[-1]) == b"finished"
