"""Ghosts: ids that stand in a queue though their job is gone."""

import pytest

from persistence import Manner
from persistence.jobs import ClaimedJob
from protocol import Priority
from tests.persistence.store.standin import Standin, payloads
from tests.servers import RedisServer


async def ghosts_among(broker: Standin, jobs: int, *, alive: int) -> list[bytes]:
    """So many jobs, of which every `alive`th is alive; returns the payloads of those."""
    submits = [broker.submit_soon(b"%d" % at, background=at % alive == 0) for at in range(jobs)]
    await broker.settled()
    await broker.detach(*[answers[0].id for at, answers in enumerate(submits) if at % alive])
    return [b"%d" % at for at in range(jobs) if at % alive == 0]


async def claim_all(broker: Standin) -> list[bytes]:
    jobs: list[ClaimedJob] = []
    while True:
        look = await broker.look()
        if isinstance(look.job, ClaimedJob):
            jobs.append(look.job)
        elif look.empty == 0b111:
            return payloads(jobs)


async def test_claims_step_over_ghosts_some_at_a_time(broker: Standin) -> None:
    alive = await ghosts_among(broker, 500, alive=250)
    looks = [await broker.look() for _ in range(3)]
    assert [isinstance(look.job, ClaimedJob) for look in looks] == [True, False, False]
    assert all(look.left for look in looks)
    assert [alive[0], *await claim_all(broker)] == alive


async def test_a_hand_off_does_not_reach_past_ghosts_to_a_lower_priority(broker: Standin) -> None:
    await ghosts_among(broker, 150, alive=1000)
    await broker.claim()
    await broker.submit(b"low", priority=Priority.LOW)
    answer = await broker.submit(b"normal", handed=True)
    assert answer.handed is None
    assert await claim_all(broker) == [b"normal", b"low"]


@pytest.mark.parametrize("steps", [1, 7, 100, 10_000])
async def test_a_swept_queue_is_short_and_in_order(broker: Standin, redis_server: RedisServer, steps: int) -> None:
    alive = await ghosts_among(broker, 500, alive=5)
    queue = broker.function().tag + b":normal"
    assert redis_server.client().llen(queue) == 500
    await broker.store.sweeper.sweep(steps, few=10)
    assert redis_server.client().llen(queue) == 100
    assert not redis_server.client().exists(queue + b":swept")
    assert redis_server.client().hget(broker.function().tag + b":function", "ghosts1") == b"0"
    assert await claim_all(broker) == alive


async def test_a_queue_of_which_few_are_ghosts_is_left_alone(broker: Standin, redis_server: RedisServer) -> None:
    await ghosts_among(broker, 100, alive=2)
    await broker.store.sweeper.sweep(few=1000)
    assert redis_server.client().llen(broker.function().tag + b":normal") == 100


async def test_order_holds_for_what_comes_and_goes_in_the_middle_of_a_sweep(
    broker: Standin, redis_server: RedisServer
) -> None:
    alive = await ghosts_among(broker, 300, alive=3)
    sweeper, link = broker.store.sweeper, broker.store.link
    claimed: list[ClaimedJob] = []
    for step in range(6):
        await broker.store.bulk.ask(*sweeper.step(link.keys.tag(broker.function().digest), 20, 10))
        claimed.append(await broker.claim())
        await broker.submit(b"new %d" % step)
    assert redis_server.client().exists(broker.function().tag + b":normal:swept")
    assert payloads(claimed) == alive[:6]
    await broker.requeue(*reversed(claimed[2:]), manner=Manner.HOUSE)
    await sweeper.sweep(20, few=10)
    expected = [*alive[2:], *[b"new %d" % step for step in range(6)]]
    assert await claim_all(broker) == expected
    assert (await broker.counts()).queued == (0, 0, 0)


async def test_more_at_the_head_than_a_step_holds_ends_the_sweep_until_they_are_claimed(broker: Standin) -> None:
    alive = await ghosts_among(broker, 300, alive=3)
    tag = broker.store.link.keys.tag(broker.function().digest)
    await broker.store.bulk.ask(*broker.store.sweeper.step(tag, 60, 10))
    claimed = [await broker.claim() for _ in range(15)]
    await broker.requeue(*reversed(claimed), manner=Manner.HOUSE)
    assert await broker.store.bulk.ask(*broker.store.sweeper.step(tag, 5, 10)) == b"swept"
    assert await claim_all(broker) == alive
