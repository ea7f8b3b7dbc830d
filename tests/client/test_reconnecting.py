"""Connections that are cut, made, shared and retired, with a scripted server and a clock that jumps."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from client import CannotConnectError, Client, ConnectionLostError
from client.connector import MOST_DRAINING
from client.opening import client_over
from protocol import EchoReq, EchoRes, Error, JobCreated, OptionRes, SubmitJob, WorkComplete
from tests.client.scripted import Line, ScriptedServer, scripted_client


async def pong(line: Line) -> None:
    """Answers one ping."""
    await line.hear(EchoReq)
    await line.say(EchoRes(b"ping"))


async def test_a_submit_whose_answer_was_lost_is_not_repeated(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def cut() -> None:
            await line.hear(SubmitJob)
            await line.hang_up()

        nursery.start_soon(cut)
        with pytest.raises(ConnectionLostError, match="may or may not have been accepted") as caught:
            await client.submit_background("f", b"")
        assert caught.value.handle is None
    assert server.dials == 1


async def test_a_submit_with_a_unique_is_repeated_once(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, first), trio.open_nursery() as nursery:

        async def cut_and_accept() -> None:
            said = await first.hear(SubmitJob)
            await first.hang_up()
            second = await server.accept()
            assert await second.hear(SubmitJob) == said
            await second.say(JobCreated(b"H:1"))
            await second.hear(SubmitJob)
            await second.hang_up()
            third = await server.accept()
            await third.hear(SubmitJob)
            await third.hang_up()

        nursery.start_soon(cut_and_accept)
        assert await client.submit_background("f", b"", unique=b"u") == b"H:1"
        with trio.fail_after(60), pytest.raises(ConnectionLostError, match="may or may not have been accepted"):
            await client.submit_background("f", b"", unique=b"u")
    assert server.dials == 3


async def test_a_repeat_that_finds_no_server_says_that_the_submit_was_sent_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def vanish() -> None:
            await line.hear(SubmitJob)
            server.up = False
            await line.hang_up()

        nursery.start_soon(vanish)
        with pytest.raises(ConnectionLostError, match="may or may not have been accepted"):
            await client.submit_background("f", b"", unique=b"u")


async def test_a_job_whose_end_was_lost_is_not_submitted_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def cut() -> None:
            await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:1"))
            await line.hang_up()

        nursery.start_soon(cut)
        with pytest.raises(ConnectionLostError, match="was accepted") as caught:
            await client.call("f", b"", unique=b"u")
        assert caught.value.handle == b"H:1"
    assert server.dials == 1


async def test_a_request_of_which_no_byte_had_left_moves_to_the_next_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    handles: list[bytes] = []
    async with scripted_client(server) as (client, first), trio.open_nursery() as nursery:

        async def submit() -> None:
            handles.append(await client.submit_background("f", b"waits"))

        async def ping_in_vain() -> None:
            with pytest.raises(ConnectionLostError, match="was not answered"):
                await client.ping()

        server.clogged = trio.Event()
        nursery.start_soon(ping_in_vain)
        await first.hear(EchoReq)
        nursery.start_soon(submit)  # behind the ping, whose sending does not end
        await trio.testing.wait_all_tasks_blocked()
        server.clogged = None
        await first.hang_up()
        second = await server.accept()
        assert (await second.hear(SubmitJob)).payload == b"waits"
        await second.say(JobCreated(b"H:1"))
    assert handles == [b"H:1"]


@pytest.mark.parametrize("request_of", [Client.submit_background, Client.call])
async def test_a_request_cancelled_before_it_could_leave_does_not_leave_and_costs_no_connection(
    autojump_clock: trio.testing.MockClock, request_of: Callable[[Client, str, bytes], Awaitable[object]]
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:
        clogged = server.clogged = trio.Event()
        nursery.start_soon(client.ping)
        await line.hear(EchoReq)
        with trio.move_on_after(1):
            await request_of(client, "f", b"")
        server.clogged = None
        clogged.set()
        await line.say(EchoRes(b"ping"))
        nursery.start_soon(client.ping)
        await pong(line)  # the request is not before it
    assert server.dials == 1


async def test_callers_wait_while_a_server_does_not_read_and_may_leave(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    left = 0

    async def ping(client: Client) -> None:
        nonlocal left
        with trio.move_on_after(10) as scope:
            await client.ping()
        left += scope.cancelled_caught

    async with scripted_client(server) as (client, line):
        clogged = server.clogged = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ping, client)
            await line.hear(EchoReq)  # it has left; the sending of it does not end
            for _ in range(500):
                nursery.start_soon(ping, client)
        assert left == 501
        clogged.set()
        with trio.move_on_after(10) as scope:
            await line.hear(EchoReq)
        assert scope.cancelled_caught, "a request left though its caller had gone"


async def test_all_who_need_a_connection_share_one_attempt_and_its_failure(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    failures: list[str] = []

    async def ping(client: Client) -> None:
        with pytest.raises(CannotConnectError) as caught:
            await client.ping()
        failures.append(str(caught.value))

    async with scripted_client(server) as (client, line):
        server.up = False
        await line.hang_up()
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(ping, client)
    assert failures == ["cannot connect to the script: refused"] * 10
    assert server.dials == 2


async def test_an_attempt_outlives_the_caller_who_began_it(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:
        await line.hang_up()
        await trio.testing.wait_all_tasks_blocked()
        server.greets = False
        with trio.move_on_after(1):
            await client.ping()
        nursery.start_soon(client.ping)
        second = await server.accept()
        await second.say(OptionRes(b"exceptions"))
        await pong(second)
    assert server.dials == 2


async def test_attempts_are_two_seconds_apart_at_most(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line):
        server.up = False
        await line.hang_up()
        await trio.testing.wait_all_tasks_blocked()
        pauses = []
        for _ in range(30):
            before = trio.current_time()
            with pytest.raises(CannotConnectError):
                await client.ping()
            pauses.append(trio.current_time() - before)
        assert max(pauses) <= 2.0
        assert max(pauses[:3]) <= 0.2
        assert max(pauses[10:]) > 0.2  # twenty draws from up to two seconds are not all below a tenth of it
        server.up = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.ping)
            await pong(await server.accept())


async def test_a_connection_that_was_made_makes_the_next_pause_short_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:
        for _ in range(3):
            server.up = False
            await line.hang_up()
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(20):
                with pytest.raises(CannotConnectError):
                    await client.ping()
            server.up = True
            nursery.start_soon(client.ping)
            line = await server.accept()
            await pong(line)
            await line.hang_up()
            await trio.testing.wait_all_tasks_blocked()
            lost = trio.current_time()
            nursery.start_soon(client.ping)
            line = await server.accept()
            await pong(line)
            assert trio.current_time() - lost < 0.1


async def test_who_waits_for_a_connection_of_a_client_that_is_cancelled_is_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    told = trio.Event()

    async def ping(client: Client) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await client.ping()
        told.set()

    async with trio.open_nursery() as outside:
        with trio.CancelScope() as scope:
            async with scripted_client(server) as (client, line):
                server.greets = False
                await line.hang_up()
                await trio.testing.wait_all_tasks_blocked()
                outside.start_soon(ping, client)
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
                with trio.CancelScope(shield=True):  # the block takes its time to end
                    await told.wait()


async def test_a_server_that_refuses_the_greeting_is_not_connected(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    server.greets = False

    async def refuse() -> None:
        line = await server.accept()
        await line.say(Error(b"UNKNOWN_OPTION", b"Server does not recognize given option"))
        await line.wait_hung_up()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(refuse)
        with pytest.raises(CannotConnectError, match="UNKNOWN_OPTION"):
            async with client_over(server.rota()):
                raise AssertionError("the block was entered")


async def test_a_connection_with_a_job_let_go_closes_when_its_last_other_job_is_done(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, first), trio.open_nursery() as nursery:
        nursery.start_soon(client.call, "kept", b"")
        await first.hear(SubmitJob)
        await first.say(JobCreated(b"H:1"))
        with trio.move_on_after(1):
            await client.call("let go", b"")
        await first.hear(SubmitJob)
        nursery.start_soon(client.ping)
        await pong(await server.accept())  # new requests go elsewhere
        with trio.move_on_after(1) as scope:
            await first.wait_hung_up()
        assert scope.cancelled_caught
        await first.say(WorkComplete(b"H:1", b""))
        await first.wait_hung_up()


async def test_a_connection_with_nothing_but_a_job_let_go_closes_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with scripted_client(ScriptedServer()) as (client, line):
        with trio.move_on_after(1):
            await client.call("let go", b"")
        await line.hear(SubmitJob)
        await line.wait_hung_up()


async def test_a_refused_call_costs_no_connection(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def refuse() -> None:
            await line.hear(SubmitJob)
            await line.say(Error(b"QUEUE_ERROR", b"Job queue is full"))
            await pong(line)

        nursery.start_soon(refuse)
        with pytest.raises(Exception, match="Job queue is full"):
            await client.call("f", b"")
        await client.ping()
    assert server.dials == 1


async def test_retiring_connections_are_bounded(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()

    async def keep(line: Line) -> None:
        while True:
            await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:1"))

    async with client_over(server.rota()) as client, trio.open_nursery() as nursery:

        async def accept_for_ever() -> None:
            while True:
                nursery.start_soon(keep, await server.accept())

        nursery.start_soon(accept_for_ever)
        for _ in range(3 * MOST_DRAINING):
            nursery.start_soon(client.call, "kept", b"")
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(1):
                await client.call("let go", b"")
        assert server.dials == MOST_DRAINING + 1
        nursery.cancel_scope.cancel()
