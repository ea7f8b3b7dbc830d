"""Ctrl-C in a program with a worker: a job's function may be struck anywhere, what starts tasks may not."""

import trio

from client import open_client
from tests.interrupts import looking_at_spawns
from tests.processes import ServerProcess
from tests.worker.running import running_worker
from worker import Job


async def test_no_task_is_started_where_it_would_be_left_behind(server: ServerProcess, function: str) -> None:
    async def work(job: Job) -> bytes:
        return b"protected" if trio.lowlevel.currently_ki_protected() else b"open"

    with looking_at_spawns() as protected:
        async with running_worker(server, {function: work}), open_client(server.address) as client:
            assert await client.call(function, b"") == b"open"
    assert {name: safe for name, safe in protected.items() if name.startswith("worker.")} == {
        "worker.keeping.Keeper.keep_connected": True,
        "worker.connection.WorkerConnection._write": True,
        "worker.connection.WorkerConnection._read": True,
        "worker.connection.WorkerConnection._run": True,
    }
