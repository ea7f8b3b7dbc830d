"""One job, and a program of another language at each of its ends."""

from itertools import pairwise

import pytest
import trio

from client import open_client as open_trio_client
from tests.interop.ends import open_client, open_worker
from tests.interop.libraries import LIBRARIES, compiled, find
from tests.processes import ServerProcess
from tests.programs import open_program, run_program

PATIENCE_SECONDS = 30.0
ALL_OF_TALK = ["status 1 2", "data Dear ", "warning no surname", "status 2 2", "complete Ann"]
RING = [*pairwise([*LIBRARIES, next(iter(LIBRARIES))])]


@pytest.mark.parametrize(("caller", "callee"), RING, ids=[f"{caller} calls {callee}" for caller, callee in RING])
async def test_a_client_of_one_library_calls_a_worker_of_the_next(
    server: ServerProcess, caller: str, callee: str
) -> None:
    talk = f"talk.{caller}.{callee}"
    async with open_client(find(caller), server) as client, open_worker(find(callee), server, talk):
        assert await client.call(talk, b"Ann") == ALL_OF_TALK


async def test_php_and_trio_follow_the_one_job_that_perl_does(server: ServerProcess) -> None:
    step, unique = "step.mixed", "one-job"
    async with open_client(find("php"), server) as php, open_trio_client(server.address) as ours:
        await php.begin_call(step, b"x", unique=unique)
        with trio.fail_after(PATIENCE_SECONDS):
            while not (await ours.status_by_unique(unique)).known:
                pass
        async with ours.follow(step, b"x", unique=unique) as job, open_worker(find("perl"), server, step) as perl:
            await perl.wait_started(job.handle.decode())
            for _ in range(3):
                await perl.step()
            assert await job.result() == b"stepped"
            assert await php.end_call() == ["status 1 2", "status 2 2", "complete stepped"]


async def test_libgearman_splits_a_job_for_workers_of_perl_and_joins_what_they_answer(server: ServerProcess) -> None:
    split, each = "split.mixed", "record.mixed"
    reduce, where = compiled("reduce"), (server.host, str(server.port))
    async with open_program(reduce, "worker", *where, split), open_worker(find("perl"), server, each) as perl:
        assert await run_program(reduce, "client", *where, split, each, "good morning to you") == "joined"
        assert {(await perl.wait_ran())[2] for _ in range(4)} == {b"good", b"morning", b"to", b"you"}
