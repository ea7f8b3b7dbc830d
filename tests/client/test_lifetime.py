"""The block of `open_client`: what comes out of it, and what is left behind."""

from pathlib import Path

import pytest
import trio

from client import CannotConnectError, Client, open_client
from protocol import WorkComplete
from tests.ports import private_port
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker


class UnluckyError(Exception):
    """An error of the user's own."""


def open_descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_an_exception_in_the_block_comes_out_as_it_went_in(server: ServerProcess) -> None:
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:
        async with open_client(server.address):
            raise error
    assert caught.value is error


async def test_a_group_of_the_users_own_stays_the_group_it_is(server: ServerProcess) -> None:
    group = ExceptionGroup("mine", [UnluckyError()])
    with pytest.raises(ExceptionGroup) as caught:
        async with open_client(server.address):
            raise group
    assert caught.value is group


async def test_a_cancellation_passes_and_is_none_of_our_business(server: ServerProcess) -> None:
    with trio.CancelScope() as scope:
        async with open_client(server.address):
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_an_exception_in_the_block_is_not_lost_in_a_cancellation(server: ServerProcess) -> None:
    async def cancelled_and_unlucky() -> None:
        with trio.CancelScope() as scope:
            async with open_client(server.address):
                scope.cancel()
                raise UnluckyError

    with pytest.raises(UnluckyError):
        await cancelled_and_unlucky()


async def test_errors_of_the_client_are_plain_exceptions_at_the_caller() -> None:
    address = f"127.0.0.1:{private_port()}"
    with pytest.raises(CannotConnectError, match=f"cannot connect to {address}: .*refused|{address}"):
        async with open_client(address):
            raise AssertionError("the block was entered")


@pytest.mark.parametrize(
    "address", ["", ":4730", "host:", "host:gearman", "host:0", "host:65536", "::1", "[::1", "[::1]x"]
)
async def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not a server address"):
        async with open_client(address):
            raise AssertionError("the block was entered")


async def test_a_client_that_is_closed_says_so(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        pass
    with pytest.raises(trio.ClosedResourceError):
        await client.ping()


async def test_who_waits_on_a_client_that_is_closed_is_told(server: ServerProcess, function: str) -> None:
    told: list[str] = []

    async def wait(client: Client, started: trio.Event) -> None:
        async with client.follow(function, b"") as job:
            started.set()
            with pytest.raises(trio.ClosedResourceError) as caught:
                await job.result()
            told.append(str(caught.value))

    async with trio.open_nursery() as nursery, open_client(server.address) as client:
        started = trio.Event()
        nursery.start_soon(wait, client, started)
        await started.wait()
    assert len(told) == 1
    assert "whether it ran or will run is not known" in told[0]


async def test_no_task_and_no_socket_outlives_the_block(server: ServerProcess, function: str) -> None:
    tasks = trio.lowlevel.current_statistics().tasks_living
    descriptors = open_descriptors()
    for _ in range(3):
        async with open_client(server.address) as client:
            await client.submit_background(function, b"")
            with trio.CancelScope() as scope:
                async with client.follow(function, b""):
                    scope.cancel()
            await client.ping()
    assert trio.lowlevel.current_statistics().tasks_living == tasks
    assert open_descriptors() == descriptors
    await _drain(server, function)


async def _drain(server: ServerProcess, function: str) -> None:
    async with raw_worker(server, function) as worker:
        while (job := await worker.grab()) is not None:
            await worker.say(WorkComplete(job.handle, b""))
