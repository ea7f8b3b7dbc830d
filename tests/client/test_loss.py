"""A server that goes away, hangs, and comes back."""

import pytest
import trio

from client import CannotConnectError, Client, ConnectionLostError, open_client
from tests.client.waiting import until_waited_for
from tests.processes import ServerProcess


async def test_a_call_whose_server_dies_says_what_is_known(own_server: ServerProcess, function: str) -> None:
    async with open_client(own_server.address) as client, client.follow(function, b"") as job:
        await trio.to_thread.run_sync(own_server.kill9)
        with pytest.raises(ConnectionLostError, match="was accepted; whether it ran") as caught:
            await job.result()
        assert caught.value.handle == job.handle
        with pytest.raises(ConnectionLostError):
            await anext(job)


async def test_the_next_use_after_a_loss_connects_again(own_server: ServerProcess, function: str) -> None:
    async with open_client(own_server.address) as client:
        await trio.to_thread.run_sync(own_server.kill9)
        for _ in range(3):
            with pytest.raises((ConnectionLostError, CannotConnectError)):
                await client.ping()
        await trio.to_thread.run_sync(own_server.start)
        await client.ping()
        handle = await client.submit_background(function, b"")
        assert (await client.status(handle)).known


async def test_all_who_wait_are_told_of_a_loss(own_server: ServerProcess, function: str) -> None:
    lost: list[str] = []

    async def call(client: Client, number: int) -> None:
        with pytest.raises(ConnectionLostError) as caught:
            await client.call(function, b"", unique=f"{function}-{number % 5}")
        lost.append(str(caught.value))

    async with open_client(own_server.address) as client, trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(call, client, number)
        for number in range(5):
            await until_waited_for(client, f"{function}-{number}", by=4)
        await trio.to_thread.run_sync(own_server.kill9)
    assert len(lost) == 20


async def test_a_server_that_hangs_holds_up_nobody_who_has_a_timeout(own_server: ServerProcess, function: str) -> None:
    async with open_client(own_server.address) as client:
        own_server.pause()
        for _ in range(3):
            with trio.move_on_after(0.05) as scope:
                await client.call(function, b"")
            assert scope.cancelled_caught
        with trio.move_on_after(0.05) as scope:
            await client.ping()
        assert scope.cancelled_caught
        own_server.resume()
        await client.ping()


async def test_a_server_that_does_not_greet_is_given_up(own_server: ServerProcess) -> None:
    own_server.pause()
    with pytest.raises(CannotConnectError, match=r"no greeting within 0\.05 seconds"):
        async with open_client(own_server.address, connect_timeout_seconds=0.05):
            raise AssertionError("the block was entered")
    own_server.resume()
