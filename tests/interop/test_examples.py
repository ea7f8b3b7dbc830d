"""The tutorial of examples/, in both languages, run as it stands."""

import sys
from collections.abc import Sequence

import pytest

from tests.processes import BrokerProcess, ServerProcess
from tests.programs import ROOT, open_program

EXAMPLES = ROOT / "examples"
PYTHON_CLIENT = (sys.executable, str(EXAMPLES / "python" / "mail_client.py"))
PYTHON_WORKER = (sys.executable, str(EXAMPLES / "python" / "mail_worker.py"))
PHP_CLIENT = ("php", str(EXAMPLES / "php" / "client.php"))
PHP_WORKER = ("php", str(EXAMPLES / "php" / "worker.php"))


async def assert_it_sends(server: ServerProcess, client: Sequence[str], worker: Sequence[str]) -> None:
    """The client queues, watches, and ends when the worker has sent to all three."""
    where = (server.host, str(server.port))
    async with open_program(*worker, *where) as sending, open_program(*client, *where) as asking:
        await asking.wait_line("queued as H:")
        await asking.wait_line("sending: 1 of 3")
        await asking.wait_line("sent")
        assert await asking.wait() == 0
        await sending.wait_line("cleo@example.org")


@pytest.mark.usefixtures("php")
async def test_the_php_tutorial(server: ServerProcess) -> None:
    await assert_it_sends(server, PHP_CLIENT, PHP_WORKER)


@pytest.mark.usefixtures("php")
async def test_the_php_client_does_not_take_a_server_that_is_away_for_mail_that_was_sent(broker: BrokerProcess) -> None:
    where = (broker.host, str(broker.port))
    async with open_program(*PHP_CLIENT, *where) as asking:
        await asking.wait_line("waiting for a worker")
        broker.kill9()
        await asking.wait_line("the server is away")
        broker.start()
        await asking.wait_line("waiting for a worker")
        async with open_program(*PHP_WORKER, *where):
            await asking.wait_line("sent")
        assert await asking.wait() == 0


async def test_the_python_tutorial(server: ServerProcess) -> None:
    await assert_it_sends(server, PYTHON_CLIENT, PYTHON_WORKER)


async def test_a_function_that_both_ends_share(server: ServerProcess) -> None:
    async with open_program(sys.executable, EXAMPLES / "python" / "shared.py", server.host, str(server.port)) as both:
        await both.wait_line("recipient='ann@example.org' characters=21")
        await both.wait_line(
            "PayloadError: the payload of sendEmailTyped does not fit: to: Input should be a valid string"
        )
        assert await both.wait() == 0


@pytest.mark.usefixtures("php")
async def test_a_python_client_and_a_php_worker(broker: BrokerProcess) -> None:
    await assert_it_sends(broker, PYTHON_CLIENT, PHP_WORKER)


@pytest.mark.usefixtures("php")
async def test_a_php_client_and_a_python_worker(broker: BrokerProcess) -> None:
    await assert_it_sends(broker, PHP_CLIENT, PYTHON_WORKER)
