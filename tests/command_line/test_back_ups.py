"""A copy of the data directory is a back-up, also one that was made while the broker ran: docs/operations.md."""

import shutil
from pathlib import Path

import pytest
import trio

from protocol import GrabJob, JobAssign
from tests.broker.peers import open_peer
from tests.processes import BrokerProcess

PAYLOADS = [b"one", b"two\0two", b"3" * 100_000]


@pytest.mark.parametrize("running", [True, False], ids=["of one that runs", "of one that was stopped"])
async def test_a_copy_of_the_data_directory_has_all_jobs(folder: Path, broker: BrokerProcess, running: bool) -> None:
    broker.start()
    async with open_peer((broker.host, broker.port)) as client:
        handles = [await client.submit_background(b"f", payload) for payload in PAYLOADS]
    if not running:
        await trio.to_thread.run_sync(broker.terminate)
    # Its socket cannot be copied; cp and tar know better than to try.
    shutil.copytree(broker.data_dir, folder / "copy", ignore=shutil.ignore_patterns("store.sock"))
    with BrokerProcess(folder / "copy") as restored:
        async with open_peer((restored.host, restored.port)) as worker:
            await worker.can_do(b"f")
            found = [await worker.ask(GrabJob()) for _ in PAYLOADS]
    assert found == [JobAssign(handle, b"f", payload) for handle, payload in zip(handles, PAYLOADS, strict=True)]
