"""Replies that come late, and what was said meanwhile."""

import time

import trio

from persistence.scripts import DUE
from tests.faults.proxy import open_proxy
from tests.faults.trap import Point, Trap
from tests.persistence.pipes import until
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import RedisServer


async def test_a_job_delayed_while_the_alarm_was_asking_is_not_overheard(
    redis_server: RedisServer, nursery: trio.Nursery
) -> None:
    async with open_proxy(Trap(redis_server.port)) as trap:
        broker = Standin(redis_server, port=trap.port)
        await nursery.start(lambda task_status: broker.run(task_status=task_status))
        broker.store.listen(broker.function())
        await broker.settled()
        trap.arm(DUE, Point.DONE)
        broker.store.alarm.look_again(broker.function())
        await trap.sprung.wait()  # nothing is scheduled, says Redis; it is not heard yet
        await broker.submit(b"late", run_at=int(time.time()) + 1)
        await broker.settled()
        trap.release()
        with trio.fail_after(15):
            await until(lambda: (FUNCTION, 1) in broker.events.notices)
        assert (await broker.claim()).payload == b"late"
        await broker.abandon()
