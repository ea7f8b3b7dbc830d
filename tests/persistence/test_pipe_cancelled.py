"""Cancelled at every await: what was asked may still happen, the pipe stays in step, no socket is left."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from persistence.errors import StoreUnavailableError
from persistence.handshake import Handshake
from persistence.options import RedisOptions, TlsOptions
from persistence.pipe import Pipe
from tests.cancelling import cancelled_at
from tests.persistence.pipes import Heard, options_for, running, until
from tests.persistence.scripted_server import serving
from tests.ports import private_port
from tests.servers import RedisServer


def sockets() -> set[str]:
    """The sockets this process has open."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            name = str(link.readlink())
        except FileNotFoundError:
            continue  # that was the folder itself
        if name.startswith("socket:"):
            found.add(name)
    return found


async def test_a_question_cancelled_before_it_left_is_executed_nonetheless(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        with trio.CancelScope() as scope:
            scope.cancel()
            await pipe.ask("RPUSH", "list", "word")
        assert scope.cancelled_caught
        assert await pipe.ask("LLEN", "list") == 1


async def test_a_question_cancelled_in_flight_drops_its_answer_and_no_other(
    redis_server: RedisServer,
) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        redis_server.pause()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pipe.ask, "RPUSH", "list", "word")
            await until(lambda: pipe.statistics().in_flight == 1)
            nursery.cancel_scope.cancel()
        redis_server.resume()
        assert await pipe.ask("ECHO", "next") == b"next"
        assert await pipe.ask("LLEN", "list") == 1
        assert pipe.statistics().connects == 1


async def test_who_stops_waiting_for_a_connection_changes_nothing(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        redis_server.kill()
        await until(lambda: not pipe.connected)
        assert await cancelled_at(1, pipe.wait_connected)
        redis_server.start()
        await pipe.wait_connected()
        assert await pipe.ask("PING") == b"PONG"


async def test_a_preparation_that_cancels_its_question_costs_the_connection_not_the_pipe(
    redis_server: RedisServer,
) -> None:
    attempts = 0

    async def prepare(handshake: Handshake) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            with trio.CancelScope() as scope:
                scope.cancel()
                await handshake("SET", "key", "half a command")
        await handshake("PING")

    async with running(Pipe(options_for(redis_server), name="test", on_connect=prepare)) as pipe:
        assert attempts == 2
        assert await pipe.ask("ECHO", "next") == b"next"


async def test_run_can_be_cancelled_at_every_await(redis_server: RedisServer) -> None:
    async def prepare(handshake: Handshake) -> None:
        await handshake.many([("SET", "key", "value"), ("GET", "key")])

    before = sockets()
    cancelled = 0
    for count in range(1, 40):
        pipe = Pipe(options_for(redis_server), name="test", on_connect=prepare)
        heard = Heard()
        for _ in range(3):
            pipe.post(("SET", "key", b"x" * 100_000), heard)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(until_answered, pipe, heard, nursery.cancel_scope)
            cancelled += await cancelled_at(count, pipe.run)
            nursery.cancel_scope.cancel()
        assert len(heard.replies) == 3
        assert sockets() == before
    assert cancelled > 5


async def until_answered(pipe: Pipe, heard: Heard, scope: trio.CancelScope) -> None:
    """End `scope` when everything is answered: at that count the pipe's own task no longer goes to wait."""
    await heard.wait(3)
    scope.cancel()


Stage = Callable[[RedisServer, Callable[[RedisOptions], Awaitable[Pipe]]], Awaitable[Pipe]]


async def while_the_reader_waits(server: RedisServer, start: Callable[[RedisOptions], Awaitable[Pipe]]) -> Pipe:
    pipe = await start(options_for(server))
    await pipe.wait_connected()
    await trio.testing.wait_all_tasks_blocked()
    return pipe


async def while_the_writer_cannot_write(server: RedisServer, start: Callable[[RedisOptions], Awaitable[Pipe]]) -> Pipe:
    pipe = await while_the_reader_waits(server, start)
    server.pause()
    pipe.post(("SET", "key", b"x" * 30_000_000), Heard())
    await trio.testing.wait_all_tasks_blocked()
    return pipe


async def while_the_greeting_is_not_answered(
    server: RedisServer, start: Callable[[RedisOptions], Awaitable[Pipe]]
) -> Pipe:
    server.pause()
    pipe = await start(options_for(server))
    await trio.testing.wait_all_tasks_blocked()
    return pipe


async def while_it_pauses_between_attempts(
    server: RedisServer, start: Callable[[RedisOptions], Awaitable[Pipe]]
) -> Pipe:
    pipe = await start(RedisOptions(port=private_port(), connect_timeout_seconds=30.0))
    await trio.testing.wait_all_tasks_blocked()
    return pipe


STAGES: list[Stage] = [
    while_the_reader_waits,
    while_the_writer_cannot_write,
    while_the_greeting_is_not_answered,
    while_it_pauses_between_attempts,
]


@pytest.mark.parametrize("stage", STAGES)
async def test_a_cancelled_run_leaves_no_socket_and_answers_everybody(redis_server: RedisServer, stage: Stage) -> None:
    before = sockets()
    heard = Heard()
    async with trio.open_nursery() as nursery:

        async def start(options: RedisOptions) -> Pipe:
            pipe = Pipe(options, name="test")
            nursery.start_soon(pipe.run)
            return pipe

        pipe = await stage(redis_server, start)
        pipe.post(("PING",), heard)
        pipe.post(("PING",), heard, again=lambda: ("PING",))
        nursery.cancel_scope.cancel()
    assert sockets() == before
    assert [type(reply) for reply in heard.replies] == [StoreUnavailableError] * 2
    assert {str(reply) for reply in heard.replies} == {"the pipe test has ended"}


async def test_a_tls_greeting_that_is_cancelled_leaves_no_socket() -> None:
    async def mute(stream: trio.SocketStream) -> None:
        arrived.set()
        await trio.sleep_forever()

    arrived = trio.Event()
    async with serving(mute) as port:
        before = sockets()
        async with trio.open_nursery() as nursery:
            options = RedisOptions(port=port, tls=TlsOptions(), connect_timeout_seconds=30.0)
            nursery.start_soon(Pipe(options, name="test").run)
            await arrived.wait()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert len(sockets() - before) == 1, "the other end's, which the mute server holds"
