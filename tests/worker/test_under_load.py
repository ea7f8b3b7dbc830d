"""Workers that are killed, stopped and started while jobs come in: none is lost, and none is stuck."""

import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trio

from client import open_client
from tests.processes import ServerProcess
from tests.programs import Program, open_program

ECHO = Path(__file__).parent / "echo_worker.py"
JOBS = 400
PATIENCE_SECONDS = 120.0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_every_job_ends_whatever_becomes_of_workers(
    server: ServerProcess, function: str, number: signal.Signals
) -> None:
    results: set[bytes] = set()
    enough = {count: trio.Event() for count in (50, 200)}

    async with AsyncExitStack() as programs, open_client(server.address) as client:

        async def start() -> Program:
            return await programs.enter_async_context(open_program(sys.executable, ECHO, server.address, function))

        async def call(payload: bytes) -> None:
            result = await client.call(function, payload)
            assert result == payload
            results.add(result)
            if len(results) in enough:
                enough[len(results)].set()

        with trio.fail_after(PATIENCE_SECONDS):
            workers = [await start(), await start()]
            async with trio.open_nursery() as nursery:
                for job in range(JOBS):
                    nursery.start_soon(call, b"%d" % job)
                for count, event in enough.items():
                    await event.wait()
                    victim = workers.pop(0)
                    workers.append(await start())
                    victim.send_signal(number)
                    assert count <= len(results)
        assert len(results) == JOBS
