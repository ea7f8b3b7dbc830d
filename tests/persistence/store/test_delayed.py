"""Jobs for later: Redis's clock decides, and every broker keeps an alarm."""

import time
from typing import Any

from persistence import Submitted
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import FUNCTION, Standin, payloads
from tests.servers import RedisServer

FAR = 4_000_000_000


async def test_a_delayed_job_is_not_handed_out_before_its_time(broker: Standin) -> None:
    assert (await broker.submit(b"later", run_at=FAR)).outcome is Submitted.QUEUED
    assert (await broker.look()).job is None
    assert (await broker.counts()).scheduled == 1


async def test_a_delayed_job_is_queued_when_its_time_has_come_and_a_notice_wakes(broker: Standin) -> None:
    broker.store.listen(broker.function())
    run_at = int(time.time()) + 2
    submitted = await broker.submit(b"later", run_at=run_at)
    await until(lambda: (FUNCTION, 1) in broker.events.notices)
    assert time.time() >= run_at
    assert (await broker.claim()).id == submitted.id
    assert (await broker.counts()).scheduled == 0


async def test_the_alarm_of_a_broker_that_hears_no_notices_rings_all_the_same(broker: Standin) -> None:
    await broker.submit(b"later", run_at=int(time.time()) + 1)
    counts = await broker.counts()
    while counts.queued != (0, 1, 0):
        counts = await broker.counts()
    assert counts.scheduled == 0


async def test_a_time_that_has_passed_means_now(broker: Standin) -> None:
    await broker.submit(b"first")
    await broker.submit(b"second", run_at=int(time.time()) - 1000)
    await broker.submit(b"third")
    assert payloads([await broker.claim() for _ in range(3)]) == [b"first", b"second", b"third"]


async def test_jobs_of_the_same_second_run_in_the_order_in_which_they_came(
    broker: Standin, redis_server: RedisServer
) -> None:
    for number in range(150):
        await broker.submit(b"%d" % number, run_at=FAR)
    await let_time_pass(broker, redis_server)
    jobs = [await broker.claim() for _ in range(150)]
    assert payloads(jobs) == [b"%d" % number for number in range(150)]


async def let_time_pass(broker: Standin, redis_server: RedisServer) -> None:
    """What was to run in the far future is due now."""
    scheduled = broker.function().tag + b":scheduled"
    client: Any = redis_server.client()
    client.zadd(scheduled, dict.fromkeys(client.zrange(scheduled, 0, -1), 1))
    broker.store.alarm.look_everywhere()
    while (await broker.counts()).scheduled:
        pass


async def test_a_delayed_job_outlives_its_broker(broker: Standin, redis_server: RedisServer, start: Start) -> None:
    submitted = await broker.submit(b"later", run_at=int(time.time()) + 2)
    await broker.abandon()
    heir = await start(Standin(redis_server))
    while (await heir.counts()).queued != (0, 1, 0):
        pass
    assert (await heir.claim()).id == submitted.id


async def test_two_alarms_queue_a_job_once(broker: Standin, other: Standin) -> None:
    for number in range(50):
        await (broker, other)[number % 2].submit(run_at=int(time.time()) + 1)
    while (await broker.counts()).scheduled:
        pass
    assert (await other.counts()).queued == (0, 50, 0)


async def test_a_second_submit_joins_a_delayed_job(broker: Standin, other: Standin) -> None:
    submitted = await broker.submit(unique=b"u", run_at=FAR)
    assert (await other.submit(unique=b"u")) == (Submitted.JOINED, submitted.id, None)
