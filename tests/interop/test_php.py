"""What PHP's gearman extension can do that other libraries cannot, or do otherwise."""

from itertools import count

import pytest
import trio

from client import open_client as open_trio_client
from tests.gearman_servers import ask_in_text
from tests.interop.ends import open_worker
from tests.interop.libraries import HERE, Library
from tests.processes import BrokerProcess, ServerProcess
from tests.programs import open_program, run_program

PHP = HERE / "php"
PATIENCE_SECONDS = 30.0

_numbers = count(1)


@pytest.fixture
def name() -> str:
    """What functions are called behind the dot, so that tests can share a server."""
    return f"php{next(_numbers)}"


CALLS = {  # scene           what it says, in any order
    "tasks": """
        normal created H
        normal status 1 2
        normal data Dear_
        normal warning no surname
        normal status 2 2
        normal complete Ann
        high created H
        high status 1 2
        high data Dear_
        high warning no surname
        high status 2 2
        high complete Ben
        low created H
        low status 1 2
        low data Dear_
        low warning no surname
        low status 2 2
        low complete Cleo
        raising created H
        raising exception the mailbox is full
        failing created H
        failing fail_
        background created H
        high background created H
        low background created H
    """,
    "do": """
        doNormal talk "Dear Ann" 0
        doNormal raise "" 23
        doNormal fail "" 24
        doHigh talk "Dear Ann" 0
        doHigh raise "" 23
        doHigh fail "" 24
        doLow talk "Dear Ann" 0
        doLow raise "" 23
        doLow fail "" 24
    """,
    "status": """
        by handle [true,false,0,0]
        by unique [true,false,0,0]
        stranger [false,false,0,0]
        strange unique [false,false,0,0]
    """,
    "ping": """
        ping true
    """,
    "timeout": """
        doNormal "" 47
        ping true
    """,
}


@pytest.mark.parametrize("scene", CALLS)
async def test_a_client(php: Library, server: ServerProcess, name: str, scene: str) -> None:
    async with open_worker(php, server, *(f"{trade}.{name}" for trade in ("talk", "raise", "fail"))):
        said = await run_program("php", PHP / "calls.php", server.host, str(server.port), scene, name)
    expected = [line.strip().replace("_", " ") for line in CALLS[scene].strip().splitlines()]
    assert sorted(said.splitlines()) == sorted(expected)


def php_worker(server: ServerProcess, scene: str, name: str) -> tuple[str, ...]:
    """The command of a scene of workers.php."""
    return "php", str(PHP / "workers.php"), server.host, str(server.port), scene, name


async def queue(server: ServerProcess, function: str, payload: str) -> bytes:
    """Queues a background job."""
    async with open_trio_client(server.address) as client:
        return await client.submit_background(function, payload)


@pytest.mark.usefixtures("php")
async def test_a_worker_that_has_an_id_is_listed_with_it(server: ServerProcess, name: str) -> None:
    line = f" mailer-{name} : record.{name}\n"
    async with open_program(*php_worker(server, "id", name)):
        with trio.fail_after(PATIENCE_SECONDS):
            await ask_in_text(server, "workers", until=lambda reply: line in reply)


@pytest.mark.usefixtures("php")
async def test_a_worker_forgets_functions_and_their_jobs_wait(server: ServerProcess, name: str) -> None:
    async with open_program(*php_worker(server, "unregister", name)) as worker:
        with trio.fail_after(PATIENCE_SECONDS):
            while f"leave.{name}\t0\t0\t0\n" not in await ask_in_text(server, "status"):
                await queue(server, f"record.{name}", "wake")  # it tells the server when it is woken
                await worker.wait_line(f"ran record.{name} wake")
        await queue(server, f"leave.{name}", "for others")
        await queue(server, f"record.{name}", "last")
        await worker.wait_line(f"ran record.{name} last")
        await worker.wait_line("work false")
        assert await worker.wait() == 0
    await wait_listed(server, f"record.{name}\t0\t0\t0")
    await wait_listed(server, f"leave.{name}\t1\t0\t0")


async def wait_listed(server: ServerProcess, line: str) -> None:
    """Returns when `status` has this line: function, total, running, workers."""
    with trio.fail_after(PATIENCE_SECONDS):
        await ask_in_text(server, "status", until=lambda reply: line in reply.splitlines())


@pytest.mark.usefixtures("php")
async def test_a_worker_that_waits_for_a_while_says_so_and_goes_on(server: ServerProcess, name: str) -> None:
    async with open_program(*php_worker(server, "timeout", name)) as worker:
        await worker.wait_line("work false 47")  # GEARMAN_TIMEOUT
        await queue(server, f"record.{name}", "now")
        await worker.wait_line(f"ran record.{name} now")
        await worker.wait_line("work 0")


@pytest.mark.usefixtures("php")
async def test_a_worker_that_does_not_block(server: ServerProcess, name: str) -> None:
    async with open_program(*php_worker(server, "nonblocking", name)) as worker:
        for payload in ("first", "second"):
            await queue(server, f"record.{name}", payload)
            await worker.wait_line(f"ran record.{name} {payload}")


async def test_a_job_whose_time_is_up_is_given_to_another(php: Library, broker: BrokerProcess, name: str) -> None:
    # Not held with gearmand: it says NOOP a moment before the job can be had, and who asks in that moment sleeps on.
    async with open_program(*php_worker(broker, "limited", name)) as late:
        handle = await queue(broker, f"record.{name}", "x")
        await late.wait_line("started")
        async with open_worker(php, broker, f"record.{name}") as other:
            assert (await other.wait_ran())[0] == handle.decode()


async def test_a_worker_that_is_late_is_not_told_off(php: Library, broker: BrokerProcess, name: str) -> None:
    async with open_program(*php_worker(broker, "limited", name)) as late:
        await queue(broker, f"record.{name}", "x")
        await late.wait_line("started")
        async with open_worker(php, broker, f"record.{name}") as other:
            await other.wait_ran()
            await late.say("")
            await late.wait_line("work true 0")
            await late.wait_line("work false 47")  # gearmand sends an ERROR, which is 11: unexpected packet
