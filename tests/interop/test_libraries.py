"""What every library's client and worker can do with a server, by the same tests for all of them."""

from collections.abc import Callable
from itertools import count

import pytest
import trio

from client import open_client as open_trio_client
from tests.interop.ends import Client, open_client, open_worker
from tests.interop.libraries import Library
from tests.processes import GearmandProcess, ServerProcess

PATIENCE_SECONDS = 30.0
EVERY_BYTE = bytes(range(256)) * 100  # more than one read of any library
ALL_OF_TALK = ["status 1 2", "data Dear ", "warning no surname", "status 2 2", "complete Ann"]

_numbers = count(1)


@pytest.fixture
def name() -> Callable[[str], str]:
    """Makes function names that no other test uses, so that tests can share a server: the trade, a dot, a number."""
    number = next(_numbers)
    return lambda trade: f"{trade}.{number}"


async def wait_status(client: Client, handle: str, status: str) -> None:
    """Returns when the client is told this status."""
    with trio.fail_after(PATIENCE_SECONDS):
        while await client.ask(handle) != status:
            pass


async def test_a_background_job_is_known_while_it_waits_runs_and_grows_and_no_longer_when_it_is_over(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    step = name("step")
    async with open_client(library, server) as client:
        handle = await client.queue(step)
        assert await client.ask(handle) == "status 1 0 0 0"
        async with open_worker(library, server, step) as worker:
            await worker.wait_started(handle)
            assert await client.ask(handle) == "status 1 1 0 0"
            await worker.step()
            await wait_status(client, handle, "status 1 1 1 2")
            await worker.step()
            await wait_status(client, handle, "status 1 1 2 2")
            await worker.step()
            await wait_status(client, handle, "status 0 0 0 0")


async def test_high_runs_before_normal_before_low_and_each_in_the_order_of_submission(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    record = name("record")
    async with open_client(library, server) as client:
        queued = {
            (priority, number): await client.queue(record, priority=priority)
            for number in (1, 2)
            for priority in ("low", "normal", "high")
        }
        async with open_worker(library, server, record) as worker:
            ran = [(await worker.wait_ran())[0] for _ in queued]
    assert ran == [queued[priority, number] for priority in ("high", "normal", "low") for number in (1, 2)]


async def test_two_submits_of_one_unique_are_one_job(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    record = name("record")
    async with open_client(library, server) as client:
        first = await client.queue(record, b"newsletter", unique="monday")
        again = await client.queue(record, b"newsletter", unique="monday")
        other = await client.queue(record, b"newsletter", unique="tuesday")
        assert first == again != other
        async with open_worker(library, server, record) as worker:
            ran = [await worker.wait_ran() for _ in range(2)]
    assert [handle for handle, _, _ in ran] == [first, other]
    if not library.tells_no_unique:
        assert [unique for _, unique, _ in ran] == ["monday", "tuesday"]


async def test_a_payload_arrives_to_the_byte(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    record = name("record")
    async with open_client(library, server) as client:
        handle = await client.queue(record, EVERY_BYTE)
        async with open_worker(library, server, record) as worker:
            ran_handle, _, payload = await worker.wait_ran()
    assert ran_handle == handle
    assert payload == EVERY_BYTE


async def test_a_call_hears_progress_data_warning_and_result_in_every_priority(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    talk = name("talk")
    async with open_client(library, server) as client, open_worker(library, server, talk):
        for priority in ("high", "normal", "low"):
            assert await client.call(talk, b"Ann", priority=priority) == ALL_OF_TALK


async def test_a_call_whose_job_raises_hears_the_exception_and_the_worker_goes_on(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    if library.asks_no_exceptions and isinstance(server, GearmandProcess):
        pytest.skip("gearmand then puts a NUL behind the handle, and the client dies of it")
    raise_, record = name("raise"), name("record")
    async with open_client(library, server) as client, open_worker(library, server, raise_, record) as worker:
        assert await client.call(raise_) == ["fail" if library.asks_no_exceptions else "exception the mailbox is full"]
        handle = await client.queue(record)
        assert (await worker.wait_ran())[0] == handle


async def test_a_call_whose_job_fails_hears_that_and_the_worker_goes_on(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    fail, record = name("fail"), name("record")
    async with open_client(library, server) as client, open_worker(library, server, fail, record) as worker:
        assert await client.call(fail) == ["fail"]
        handle = await client.queue(record)
        assert (await worker.wait_ran())[0] == handle


async def test_two_clients_that_call_with_one_unique_both_hear_of_the_one_job(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    talk = name("talk")
    async with open_client(library, server) as first, open_client(library, server) as second:
        for client in (first, second):
            await client.begin_call(talk, b"Ann", unique=talk)
        await wait_clients(server, talk, 2)
        async with open_worker(library, server, talk):
            heard = [await client.end_call() for client in (first, second)]
    assert heard[0] == heard[1] == ALL_OF_TALK


async def test_a_client_is_told_that_a_submit_was_refused(
    library: Library, server: ServerProcess, name: Callable[[str], str]
) -> None:
    record = name("record")
    async with open_client(library, server) as client:
        assert "error" in await client.queue(record, unique="u" * 65)
        if not library.stuck_when_refused:
            assert (await client.queue(record)).startswith("H:")


async def wait_clients(server: ServerProcess, unique: str, clients: int) -> None:
    """Returns when so many clients wait for the job of this unique."""
    async with open_trio_client(server.address) as client:
        with trio.fail_after(PATIENCE_SECONDS):
            while (await client.status_by_unique(unique)).clients != clients:
                pass
