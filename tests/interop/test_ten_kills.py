"""A worker's loop in PHP rides through ten kills of the broker under load, and every job is done."""

from collections import Counter
from pathlib import Path

import pytest
import trio

from client import ClientError
from client import open_client as open_trio_client
from tests.interop.libraries import HERE
from tests.processes import BrokerProcess
from tests.programs import open_program

KILLS = 10
JOBS = 330
BACKLOG = 20
WORKERS = 2
PATIENCE_SECONDS = 120.0


def payload(number: int) -> bytes:
    """What job `number` must say when it arrives, with a NUL in it."""
    return f"mail {number}\0".encode() + bytes(range(256))


@pytest.mark.usefixtures("php")
async def test_every_job_is_done_though_the_broker_is_killed_ten_times(broker: BrokerProcess, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    worker = ("php", HERE / "php" / "ledger.php", broker.host, str(broker.port), ledger)
    async with open_program(*worker), open_program(*worker), trio.open_nursery() as nursery:
        nursery.start_soon(submit_all, broker, ledger)
        for kill in range(1, KILLS + 1):
            await wait_done(ledger, kill * JOBS // (KILLS + 1))
            await trio.to_thread.run_sync(broker.kill9)
            await trio.to_thread.run_sync(broker.start)
        await wait_done(ledger, JOBS)
    runs = Counter(read(ledger))
    assert runs.keys() == {payload(number) for number in range(JOBS)}  # nothing lost, nothing changed
    assert runs.total() - JOBS <= KILLS * (WORKERS + 1)  # twice only what was run, or submitted, at a kill


async def submit_all(broker: BrokerProcess, ledger: Path) -> None:
    """Queues all jobs, a few ahead of the workers, each until it is accepted; its unique makes a repeat join it."""
    async with open_trio_client(broker.address) as client:
        for number in range(JOBS):
            await wait_done(ledger, number - BACKLOG)
            while True:
                try:
                    await client.submit_background("note", payload(number), unique=f"mail {number}")
                    break
                except ClientError:
                    await trio.sleep(0.02)  # the broker restarts


async def wait_done(ledger: Path, jobs: int) -> None:
    """Returns when so many different jobs stand in the ledger."""
    with trio.fail_after(PATIENCE_SECONDS):
        while True:
            if len(set(read(ledger))) >= jobs:
                return
            await trio.sleep(0.005)  # a file that programs in other languages write tells nobody that it grew


def read(ledger: Path) -> list[bytes]:
    """The payloads of all runs, in the order of their lines."""
    return [bytes.fromhex(line) for line in ledger.read_text().split("\n")[:-1]]
