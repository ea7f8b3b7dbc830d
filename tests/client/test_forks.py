"""A client for trio, and what must not come of a process that was forked from its own, or of another run of trio."""

import os
from contextlib import ExitStack

import pytest
import trio

from client import BackgroundJob, open_client
from tests.forked import copy_of_this_process
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess
from tests.servers import PATIENCE_SECONDS

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of threads: the copy needs none


@ONE_SERVER
async def test_a_job_that_is_let_go_is_dropped_though_a_forked_process_has_a_copy_of_its_connection(
    server: ServerProcess, function: str
) -> None:
    with ExitStack() as copied:
        async with open_client(server.address) as client:
            async with client.follow(function, b"", unique="copied"):
                copied.enter_context(copy_of_this_process())
            with trio.fail_after(PATIENCE_SECONDS):
                while (await client.status_by_unique("copied")).known:
                    pass


@ONE_SERVER
async def test_a_client_of_another_run_of_trio_is_refused_in_words(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:

        async def ask() -> None:
            with pytest.raises(RuntimeError, match=f"the client of {server.address} was opened in another trio.run"):
                await client.ping()
            with pytest.raises(RuntimeError, match="open one here"):
                await anext(client.submit_many([BackgroundJob(function, b"")]))

        await trio.to_thread.run_sync(trio.run, ask)
        await client.ping()
        assert not (await client.status_by_unique("none")).known


@ONE_SERVER
async def test_a_client_in_a_forked_process_is_refused_in_words_and_says_nothing(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:  # the same run of trio: the server must hear nothing, for an answer would be the parent's
            try:
                await client.ping()
            except RuntimeError as error:
                os.write(tell, str(error).encode())
            finally:
                os._exit(0)
        os.close(tell)
        assert b"before this process was forked" in os.read(told, 1000)
        os.close(told)
        await trio.to_thread.run_sync(os.waitpid, child, 0)
        await client.ping()
