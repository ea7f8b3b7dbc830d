"""Text commands while Redis is known to be out of reach: refused at once, in words that say why and what to do."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from broker.version import VERSION
from tests.broker.peers import PATIENCE_SECONDS
from tests.broker.running import Running, open_running
from tests.broker.test_text_commands import hear_lines
from tests.servers import AOF, MakeServer, RedisServer

LONGER_THAN_THE_TEST = 10 * PATIENCE_SECONDS
"""How long a command may wait for Redis: whoever waited for that would fail the test."""
LINES = (
    b"ready",
    b"status",
    b"prioritystatus",
    b"show jobs",
    b"show unique jobs",
    b"show dead",
    b"create function g",
    b"drop function f",
    b"maxqueue f 1",
    b"cancel job H:ic6bxlmkyb3s6dxg:ndtiydyk6alq:1",
    b"revive job H:ic6bxlmkyb3s6dxg:ndtiydyk6alq:1",
)


@pytest.fixture
def server(make_server: MakeServer) -> RedisServer:
    server = make_server(*AOF)
    server.start()
    return server


@pytest.fixture
async def one(server: RedisServer, tmp_path: Path) -> AsyncIterator[Running]:
    settings = Settings(port=0, redis=server.url, data_dir=tmp_path, store_timeout=LONGER_THAN_THE_TEST)
    async with open_running(settings) as running:
        yield running


async def tells_why(one: Running) -> str:
    """Wait until the broker has tried to connect again in vain; what it makes of that."""
    with trio.fail_after(PATIENCE_SECONDS):
        while (reason := one.broker.store.away_because) is None:
            await trio.lowlevel.checkpoint()
    return str(reason)


async def is_back(one: Running, server: RedisServer) -> None:
    """Start the server again, and wait until the broker has found it."""
    await trio.to_thread.run_sync(server.start)
    with trio.fail_after(PATIENCE_SECONDS):
        await one.broker.store.pipe.wait_connected()
        await one.broker.store.bulk.wait_connected()


async def test_commands_are_refused_at_once_and_told_where_redis_was_looked_for(
    one: Running, server: RedisServer
) -> None:
    admin = await one.peer()
    server.kill()
    reason = await tells_why(one)
    await admin.say_bytes(b"\r\n".join((*LINES, b"version", b"")))
    *refused, told = (await hear_lines(admin, len(LINES) + 1)).splitlines()
    said = f"{reason}; the broker goes on trying to reach it: ask again in a while".replace(" ", "+")
    assert refused == [f"ERR STORE_UNAVAILABLE {said}".encode()] * len(LINES)
    assert f"Redis at 127.0.0.1:{server.port}" in reason
    assert told == b"OK " + VERSION.encode()
    await is_back(one, server)


@pytest.mark.parametrize(
    "line", [line for line in LINES if line.split()[0] in (b"status", b"prioritystatus", b"show", b"ready")]
)
async def test_who_asked_just_before_it_was_known_is_told_as_soon_as_it_is(
    one: Running, server: RedisServer, line: bytes
) -> None:
    admin = await one.peer()
    server.kill()
    with trio.fail_after(PATIENCE_SECONDS):
        while one.broker.store.connected:
            await trio.lowlevel.checkpoint()
    await admin.say_bytes(line + b"\r\n")
    (refused,) = (await hear_lines(admin, 1)).splitlines()
    assert refused.startswith(b"ERR STORE_UNAVAILABLE ")
    await is_back(one, server)


async def test_what_was_refused_is_not_done_later_and_all_is_answered_when_it_is_back(
    one: Running, server: RedisServer
) -> None:
    admin = await one.peer()
    assert await admin.ask_in_text(b"create function f") == b"OK\r\n"
    server.kill()
    await tells_why(one)
    assert (await admin.ask_in_text(b"create function g")).startswith(b"ERR STORE_UNAVAILABLE ")
    assert (await admin.ask_in_text(b"drop function f")).startswith(b"ERR STORE_UNAVAILABLE ")
    await is_back(one, server)
    assert await admin.ask_in_text(b"status") == b"f\t0\t0\t0\n.\n"


async def test_ready_tells_of_a_redis_that_answers_but_does_not_write(one: Running, server: RedisServer) -> None:
    admin = await one.peer()
    assert await admin.ask_in_text(b"ready") == b"OK\r\n"
    client = server.client()
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert (await admin.ask_in_text(b"ready")).startswith(b"ERR STORE_UNAVAILABLE READONLY+")
    client.execute_command("REPLICAOF", "NO", "ONE")
    assert await admin.ask_in_text(b"ready") == b"OK\r\n"


async def test_ready_tells_of_a_broker_that_stops(one: Running) -> None:
    admin = await one.peer()
    one.broker.orders.stop_gracefully()
    assert await admin.ask_in_text(b"READY") == b"ERR STOPPING this+broker+is+about+to+end:+use+another\r\n"
