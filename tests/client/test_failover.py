"""Several servers: which is tried first, which next, and what is said when none is there."""

from collections import Counter

import pytest
import trio
import trio.testing

from client import CannotConnectError, ConnectionLostError, open_client
from client.opening import client_over
from client.rota import Rota
from client.route import Route
from protocol import EchoReq, EchoRes, SubmitJob
from tests.client.scripted import ScriptedServer
from tests.ports import private_port
from tests.processes import ServerProcess
from tests.tls_front import tls_front

NAMES = ("a", "b", "c")


async def nowhere() -> trio.abc.Stream:
    raise OSError("refused")


def routes() -> list[Route]:
    return [Route(name, nowhere) for name in NAMES]


def order_of(rota: Rota[Route]) -> str:
    return "".join(route.server for route in rota.order())


def test_a_client_that_sticks_begins_with_the_first_and_goes_round() -> None:
    a, b, c = all_routes = routes()
    rota = Rota(all_routes, spread=False)
    assert order_of(rota) == order_of(rota) == "abc"
    rota.answered(b)
    assert order_of(rota) == "bca"
    rota.lost(b)
    assert order_of(rota) == "cab"
    rota.answered(c)
    assert order_of(rota) == "cab"
    rota.lost(a)  # one that had been ours before
    assert order_of(rota) == "cba"


def test_a_client_that_spreads_draws_each_order_by_lot() -> None:
    rota = Rota(routes(), spread=True)
    first = Counter(order_of(rota)[0] for _ in range(600))
    assert set(first) == set(NAMES)
    assert all(count > 100 for count in first.values())
    assert all(sorted(rota.order(), key=lambda route: route.server) == routes() for _ in range(10))


async def pong(server: ScriptedServer) -> None:
    line = await server.accept()
    await line.hear(EchoReq)
    await line.say(EchoRes(b"ping"))
    await line.hang_up()


async def test_a_lost_server_is_followed_by_the_next_one_and_in_the_end_by_itself(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first, second = ScriptedServer(), ScriptedServer()
    rota = Rota([Route("first", first.dial), Route("second", second.dial)], spread=False)
    async with client_over(rota) as client:
        for server in (first, second, first, second):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(pong, server)
                await client.ping()
            await trio.testing.wait_all_tasks_blocked()  # the loss is noticed
    assert (first.dials, second.dials) == (2, 2)


async def test_a_server_that_is_down_or_mute_is_passed_over(autojump_clock: trio.testing.MockClock) -> None:
    down, mute, up = ScriptedServer(), ScriptedServer(), ScriptedServer()
    down.up = mute.greets = False
    rota = Rota([Route("down", down.dial), Route("mute", mute.dial), Route("up", up.dial)], spread=False)
    async with client_over(rota) as client, trio.open_nursery() as nursery:
        nursery.start_soon(pong, up)
        await client.ping()
    assert (down.dials, mute.dials, up.dials) == (1, 1, 1)


async def test_when_none_is_there_each_ones_reason_is_told(autojump_clock: trio.testing.MockClock) -> None:
    down, mute = ScriptedServer(), ScriptedServer()
    down.up = mute.greets = False
    rota = Rota([Route("down", down.dial), Route("mute", mute.dial)], spread=False)
    with pytest.raises(CannotConnectError) as caught:
        async with client_over(rota):
            raise AssertionError("the block was entered")
    assert str(caught.value) == (
        "cannot connect to down: refused; cannot connect to mute: no greeting within 10 seconds"
    )


async def test_a_submit_that_is_repeated_is_repeated_at_the_next_server(
    autojump_clock: trio.testing.MockClock,
) -> None:
    first, second = ScriptedServer(), ScriptedServer()
    rota = Rota([Route("first", first.dial), Route("second", second.dial)], spread=False)
    async with client_over(rota) as client, trio.open_nursery() as nursery:

        async def lose_both() -> None:
            line = await first.accept()
            said = await line.hear(SubmitJob)
            await line.hang_up()
            line = await second.accept()
            assert await line.hear(SubmitJob) == said
            await line.hang_up()

        nursery.start_soon(lose_both)
        with pytest.raises(ConnectionLostError, match="lost the connection to second"):
            await client.submit_background("f", b"", unique="u")


async def test_a_killed_server_is_left_for_the_next(
    own_server: ServerProcess, second_server: ServerProcess, function: str
) -> None:
    async with open_client(own_server.address, second_server.address) as client:
        await client.submit_background(function, b"1")
        await trio.to_thread.run_sync(own_server.kill9)
        with trio.fail_after(20):
            while True:
                try:
                    handle = await client.submit_background(function, b"2")
                except ConnectionLostError:
                    continue  # it had left for the dead one
                break
        assert (await client.status(handle)).known
    async with open_client(second_server.address) as second:
        assert (await second.status(handle)).known


async def test_the_first_server_that_answers_is_taken(server: ServerProcess) -> None:
    async with open_client(f"127.0.0.1:{private_port()}", server.address) as client:
        await client.ping()


async def test_calls_go_over_tls(server: ServerProcess, function: str) -> None:
    async with tls_front(server) as front, open_client(front.address, tls=front.trusting()) as client:
        handle = await client.submit_background(function, b"x" * 1_000_000)
        assert (await client.status(handle)).known
        assert isinstance(await client.admin.version(), str)


async def test_no_server_at_all_and_no_room_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="no server is named"):
        async with open_client():
            raise AssertionError("the block was entered")
    with pytest.raises(ValueError, match="in_flight must be at least 1"):
        async with open_client("127.0.0.1", in_flight=0):
            raise AssertionError("the block was entered")
