"""A worker, and a process that one of its jobs forked."""

from contextlib import ExitStack

import pytest
import trio

from client import open_client
from protocol import WorkComplete
from tests.forked import copy_of_this_process
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker
from tests.worker.running import running_worker
from worker import Job


@ONE_SERVER
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of threads: the copy needs none
async def test_a_worker_that_stops_gives_its_job_back_though_a_forked_process_has_a_copy_of_its_connection(
    server: ServerProcess, function: str
) -> None:
    begun = trio.Event()
    with ExitStack() as copied:

        async def fork(job: Job) -> None:
            copied.enter_context(copy_of_this_process())
            begun.set()
            await trio.sleep_forever()

        async with open_client(server.address) as client:
            handle = await client.submit_background(function, b"")
            async with running_worker(server, {function: fork}):
                await begun.wait()
            async with raw_worker(server, function) as other:
                again = await other.take()
                assert again.handle == handle
                await other.say(WorkComplete(again.handle, b""))
                await client.wait(handle)
