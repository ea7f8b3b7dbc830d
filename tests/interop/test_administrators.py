"""What the libraries' own administrators read of the text commands."""

from collections.abc import AsyncIterator

import pytest

from client import open_client
from tests.interop.ends import open_worker
from tests.interop.libraries import HERE, find
from tests.processes import ServerProcess
from tests.programs import run_program

WORKED, IDLE = "record.administered", "idle.administered"

ADMINISTRATORS = {  # its script, what it says of a function with a worker, and of one with two queued jobs
    "pygearman": (
        "python/pygearman_admin.py",
        f"'task': '{WORKED}', 'queued': 0, 'running': 0, 'workers': 1",
        f"'task': '{IDLE}', 'queued': 2, 'running': 0, 'workers': 0",
    ),
    "gear": ("python/gear_admin.py", f"{WORKED}\t0\t0\t1", f"{IDLE}\t2\t0\t0"),
    "node-gearman": (
        "node/gearman_admin.js",
        '{"total":0,"running":0,"available_workers":1}',
        '{"total":2,"running":0,"available_workers":0}',
    ),
    "perl": ("perl/admin.pl", "capable 1 queued 0 running 0", "capable 0 queued 2 running 0"),
}
LISTS_WORKERS = {
    "pygearman": f"'client_id': '-', 'tasks': ('{WORKED}',)",
    "gear": f"127.0.0.1 - : {WORKED}",
    "node-gearman": f'[["{WORKED}"]]',
}


@pytest.fixture
async def busy(own_server: ServerProcess) -> AsyncIterator[ServerProcess]:
    """A server with a worker of one function, and two jobs of another."""
    async with open_worker(find("c"), own_server, WORKED) as worker, open_client(own_server.address) as client:
        await client.submit_background(WORKED, b"x")
        handle, *_ = await worker.wait_ran()
        while (await client.status(handle)).known:
            pass
        for _ in range(2):
            await client.submit_background(IDLE, b"x")
        yield own_server


async def test_administrators_read_status_and_workers(busy: ServerProcess) -> None:
    for name, (script, worked, idle) in ADMINISTRATORS.items():
        command = (*find(name).client[:-1], str(HERE / script), busy.host, str(busy.port))
        said = await run_program(*command, WORKED)
        assert worked in said
        assert LISTS_WORKERS.get(name, "") in said
        assert idle in await run_program(*command, IDLE)
