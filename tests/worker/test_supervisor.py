"""The process above a worker's: what it makes of a change that comes at a bad moment."""

import signal
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.ports import private_port
from worker.supervisor import Supervisor
from worker.watching import SourceWatch

PATIENCE_SECONDS = 30.0

PROGRAM = """
from pathlib import Path
from worker import Job, Worker

worker = Worker()
with Path("started").open("a") as started:
    started.write("once more\\n")

@worker.register("f")
async def work(job: Job) -> None:
    pass
"""


class ChangedAtOnce(SourceWatch):
    """Sees a change in the moment in which the first process is being started, and no other."""

    told = False

    async def wait_changed(self) -> str:
        if self.told:
            await trio.sleep_forever()
        self.told = True
        await trio.testing.wait_all_tasks_blocked()  # until the system has made it
        return "jobs.py"


async def test_a_process_that_a_change_overtook_while_it_was_started_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    started = trio.Path(tmp_path / "started")
    words = ["jobs:worker", "--server", f"127.0.0.1:{private_port()}"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Supervisor(words, 1, ChangedAtOnce(tmp_path)).run)
        with trio.fail_after(PATIENCE_SECONDS):
            while not await started.exists() or len((await started.read_text()).splitlines()) < 2:  # noqa: ASYNC110
                await trio.sleep(0.01)  # no event crosses processes
        signal.raise_signal(signal.SIGTERM)
