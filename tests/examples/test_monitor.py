"""The monitor: what it finds wrong, and that it tells of the end of it."""

import sys
from functools import partial

import trio

from client import FunctionStatus, open_client
from examples.monitor import troubles
from tests.ports import private_port
from tests.processes import BrokerProcess
from tests.programs import open_program
from worker import Job, run_worker

MONITOR = (sys.executable, "-m", "examples.monitor")


async def work(job: Job) -> None:
    """Does nothing."""


def test_a_queue_is_wrong_without_a_worker_or_when_it_is_long() -> None:
    functions = [
        FunctionStatus(b"idle", total=0, running=0, workers=0),
        FunctionStatus(b"busy", total=7, running=2, workers=2),
        FunctionStatus(b"long", total=8, running=2, workers=2),
        FunctionStatus(b"alone", total=1, running=0, workers=0),
    ]
    assert list(troubles(functions, 5).values()) == [
        "long: 6 queued, more than 5",
        "alone: 1 queued, and no worker",
    ]


async def test_it_tells_when_a_worker_is_missed_and_when_one_has_come(broker: BrokerProcess) -> None:
    async with (
        open_client(broker.address) as client,
        open_program(*MONITOR, broker.address, "--every", "0.05") as monitor,
    ):
        await client.submit_background("monitored", b"")
        await monitor.wait_line(" monitored: 1 queued, and no worker")
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(run_worker, broker.address, {"monitored": work}))
            await monitor.wait_line(" over: monitored: 1 queued, and no worker")
            nursery.cancel_scope.cancel()


async def test_it_ends_with_status_1_if_the_server_is_gone() -> None:
    nowhere = f"127.0.0.1:{private_port()}"
    async with open_program(*MONITOR, nowhere, "--once") as monitor:
        assert await monitor.wait() == 1
        assert f"cannot connect to {nowhere}" in monitor.said


async def test_what_is_no_address_is_told_in_a_line() -> None:
    async with open_program(*MONITOR, "127.0.0.1:abc") as monitor:
        assert await monitor.wait() == 2
        assert "error: not a server address: '127.0.0.1:abc'" in monitor.lines[-1]
