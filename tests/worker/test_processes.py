"""Functions that run in processes: results, failures, and what becomes of the process."""

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from client import JobFailedError, JobRaisedError, open_client
from protocol import WorkComplete
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker
from tests.worker import cpu_bound
from tests.worker.registered import at_work
from worker import Function, Worker
from worker.child import Done
from worker.processes import Child, ProcessPool


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_job_runs_in_another_process_which_is_used_again_and_ends_with_the_worker(
    server: ServerProcess, function: str
) -> None:
    worker = Worker()
    worker.register_in_process(function)(cpu_bound.which_process)
    async with at_work(worker, server), open_client(server.address) as client:
        pid = int(await client.call(function, b""))
        assert pid != os.getpid()
        assert int(await client.call(function, b"")) == pid
        assert alive(pid)
    assert not alive(pid)


async def test_a_function_that_both_ends_share(server: ServerProcess, function: str) -> None:
    total = Function(function, payload=cpu_bound.Numbers, result=int)
    worker = Worker(processes=1)
    worker.register_in_process(total)(cpu_bound.total)
    async with at_work(worker, server), open_client(server.address) as client:
        assert await client.call(total, cpu_bound.Numbers(numbers=[1, 2, 3])) == 6
        with pytest.raises(
            JobRaisedError, match=r"PayloadError: the payload of .* does not fit: numbers: Field required"
        ):
            await client.call(function, b"{}")


async def test_a_function_fails_its_job(server: ServerProcess, function: str) -> None:
    worker = Worker()
    worker.register_in_process(function)(cpu_bound.fail)
    async with at_work(worker, server), open_client(server.address) as client:
        with pytest.raises(JobFailedError) as caught:
            await client.call(function, b"")
    assert type(caught.value) is JobFailedError


@pytest.mark.parametrize(
    ("work", "summary", "details"),
    [
        pytest.param(cpu_bound.stumble, "KeyError: 'x'", "in stumble", id="an exception"),
        pytest.param(
            cpu_bound.lose_words,
            "SpeechlessError: (its text cannot be told)",
            "in lose_words",
            id="an exception whose text is an error",
        ),
        pytest.param(cpu_bound.leave, "SystemExit: no disk", "in leave", id="what a program ends by"),
        pytest.param(cpu_bound.be_cancelled, "CancelledError: by itself", "in be_cancelled", id="what no Exception is"),
        pytest.param(cpu_bound.odd, "pickle", "pickle", id="a result that cannot be sent back"),
        pytest.param(
            cpu_bound.die, "ProcessDiedError: the process that ran the job ended with status -6", "", id="death"
        ),
    ],
)
async def test_what_goes_wrong_ends_the_job_and_not_the_worker(
    server: ServerProcess, function: str, work: Callable[[bytes], bytes], summary: str, details: str
) -> None:
    worker = Worker(processes=1)
    worker.register_in_process(function)(work)
    worker.register_in_process(f"{function}-2")(cpu_bound.which_process)
    async with at_work(worker, server), open_client(server.address) as client:
        for _ in range(2):
            with pytest.raises(JobRaisedError) as caught:
                await client.call(function, b"x")
            assert summary in caught.value.summary
            assert details in caught.value.details
        assert int(await client.call(f"{function}-2", b""))


async def hanging(started: Path) -> int:
    """Who hangs, once somebody does."""
    with trio.fail_after(30):
        while not await trio.Path(started).exists():  # noqa: ASYNC110 - no event crosses processes
            await trio.sleep(0.01)
    return int(await trio.Path(started).read_text())


async def test_a_process_whose_time_is_up_is_killed_and_its_job_given_to_another_worker(
    server: ServerProcess, function: str, tmp_path: Path
) -> None:
    worker = Worker(processes=1)
    worker.register_in_process(function, timeout=5)(cpu_bound.hang)
    worker.register_in_process(f"{function}-2")(cpu_bound.which_process)
    started = tmp_path / "started"
    async with open_client(server.address) as client:
        async with at_work(worker, server):
            running = int(await client.call(f"{function}-2", b""))  # it takes a while to start, and that counts
            handle = await client.submit_background(function, bytes(started))
            pid = await hanging(started)
            assert pid == running
            worker.drain()
        assert not alive(pid)
        async with raw_worker(server, function) as other:
            again = await other.take()
            assert again.handle == handle
            await other.say(WorkComplete(again.handle, b""))


async def test_a_call_that_is_cancelled_ends_its_process_and_leaves_the_pool_whole(tmp_path: Path) -> None:
    pool = ProcessPool(1)
    started = tmp_path / "started"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.run, cpu_bound.hang, bytes(started))
        pid = await hanging(started)
        nursery.cancel_scope.cancel()
    assert not alive(pid)
    other = int(await pool.run(cpu_bound.which_process, b""))
    pool.close()
    assert other != pid
    assert not alive(other)


@pytest.mark.parametrize(
    ("work", "result"),
    [
        pytest.param(cpu_bound.term_oneself, b"went on", id="the process"),
        pytest.param(cpu_bound.term_a_program, "-15", id="a program that it started"),
    ],
)
async def test_term_ends_a_program_that_a_job_started_and_not_the_job(
    work: Callable[[bytes], bytes], result: object
) -> None:
    pool = ProcessPool(1)
    try:
        assert await pool.run(work, b"") == result
    finally:
        pool.close()


def test_term_does_not_end_a_process_that_is_just_being_started() -> None:
    before = set(multiprocessing.active_children())
    child = Child()
    (process,) = set(multiprocessing.active_children()) - before
    process.terminate()
    answer = child.ask(pickle.dumps((cpu_bound.which_process, (b"",))))
    assert answer == Done(str(process.pid))
    child.close()


async def test_an_idle_process_that_was_killed_takes_no_job_with_it() -> None:
    pool = ProcessPool(1)
    killed = int(await pool.run(cpu_bound.which_process, b""))
    os.kill(killed, signal.SIGKILL)
    # Until it is dead; the pool has not looked yet.
    await trio.to_thread.run_sync(os.waitid, os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    other = int(await pool.run(cpu_bound.which_process, b""))
    pool.close()
    assert other != killed


def test_no_process_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="processes must be at least 1, not 0"):
        Worker(processes=0)
