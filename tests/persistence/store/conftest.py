"""Brokers on the server of a test."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import trio

from tests.faults.proxy import open_proxy
from tests.persistence.store.gate import Gate
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
