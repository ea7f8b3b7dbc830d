"""Brokers on the server of a test."""

from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.persistence.store.standin import Standin
from tests.servers import RedisServer

Start = Callable[[Standin], Awaitable[Standin]]


@pytest.fixture
def start(nursery: trio.Nursery) -> Start:
    """Makes a broker run until the test is over; returns it when it is connected."""

    async def started(broker: Standin) -> Standin:
        await nursery.start(lambda task_status: broker.run(task_status=task_status))
        return broker

    return started


@pytest.fixture
async def broker(redis_server: RedisServer, start: Start) -> Standin:
    """One running broker."""
    return await start(Standin(redis_server))


@pytest.fixture
async def other(redis_server: RedisServer, start: Start) -> Standin:
    """A second one beside it."""
    return await start(Standin(redis_server))
