"""``python -m worker``: what it runs, how it stops, and what it says when it cannot run."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from client import Client, Data, open_client
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess
from tests.programs import Program, open_program
from worker.command_line import parsed
from worker.loading import CannotLoadError, load_worker

PROGRAM = """
import os
import trio
from worker import Job, Worker

worker = Worker()
running = 0
both = trio.Event()


@worker.register("{function}")
async def pid(job: Job) -> str:
    return str(os.getpid())


@worker.register("pair-{function}")
async def pair(job: Job) -> bytes:
    global running
    running += 1
    if running == 2:
        both.set()
    await both.wait()
    return b"both"


@worker.register("patient-{function}")
async def patient(job: Job) -> bytes:
    await job.data(str(os.getpid()))
    while not await trio.Path(job.payload.decode()).exists():
        await trio.sleep(0.01)
    return b"ended"
"""

MODULES = {
    "empty": "",
    "broken": "import no_such\n",
    "idle": "from worker import Worker\nworker = Worker()\n",
    "other": "from worker import Worker\nmails = Worker()\nnumber = 17\n",
    "lonely": "from worker import Worker\nworker = Worker()\nworker.register_in_process('f')(lambda _: b'')\n",
}

UNLOADABLE = {
    "no such module": ("nowhere:worker", "there is no module nowhere: it is looked for in "),
    "no such package": ("nowhere.jobs:worker", "there is no module nowhere.jobs: "),
    "no attribute": ("other:worker", "module other has no 'worker'; it has other:mails"),
    "no attribute at all": ("empty", "module empty has no 'worker'"),
    "not a worker": ("other:number", "other:number is no Worker, it is a int"),
    "no functions": ("idle:worker", "idle:worker cannot be run: a worker needs at least one function"),
    "a function no process finds": (
        "lonely:worker",
        "lonely:worker cannot be run: <lambda> cannot be run in a process",
    ),
    "no name": ("jobs/mail:worker", "'jobs/mail:worker' names no worker: write module:attribute"),
    "a mistake in it": (
        "broken:worker",
        "module broken cannot be imported: ModuleNotFoundError: No module named 'no_such'",
    ),
}

UNREADABLE = {
    "no concurrency": (["--concurrency", "0"], "'0' is no number from 1 on"),
    "no grace": (["--grace", "long"], "'long' is no number of seconds"),
    "no address": (["--server", "a:b"], "not a server address: 'a:b'"),
    "no such file": (["--tls-ca", "/nowhere"], "--tls-ca: /nowhere cannot be used: "),
    "no certificate": (["--tls-cert", "/nowhere"], "--tls-cert: /nowhere cannot be used: "),
    "a key alone": (["--tls-key", "/nowhere"], "--tls-key: there is no --tls-cert"),
}


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


@pytest.fixture
def at_hand(modules: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The modules can be imported, and are forgotten afterwards."""
    monkeypatch.syspath_prepend(modules)
    yield
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize("name", UNLOADABLE)
def test_what_cannot_be_run_is_said_in_one_line(name: str) -> None:
    worker, sentence = UNLOADABLE[name]
    with pytest.raises(CannotLoadError) as caught:
        load_worker(worker)
    first, *trace = str(caught.value).splitlines()
    assert first.startswith(sentence)
    assert trace[:1] == (["Traceback (most recent call last):"] if "imported" in sentence else [])


@pytest.mark.parametrize("name", UNREADABLE)
def test_flags_that_cannot_be_right_are_refused_in_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, sentence = UNREADABLE[name]
    with pytest.raises(SystemExit) as caught:
        parsed(["jobs:worker", *words])
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_a_program_that_cannot_be_run_ends_with_status_2(modules: Path) -> None:
    command = [sys.executable, "-m", "worker", "idle"]
    done = subprocess.run(command, cwd=modules, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "python -m worker: idle:worker cannot be run: a worker needs at least one function\n"


@pytest.fixture
def program(tmp_path: Path, function: str) -> Path:
    (tmp_path / "jobs.py").write_text(PROGRAM.format(function=function))
    return tmp_path


@asynccontextmanager
async def running(program: Path, server: ServerProcess, *flags: str) -> AsyncIterator[Program]:
    command = [sys.executable, "-m", "worker", "jobs:worker", "--server", server.address, *flags]
    async with open_program(*command, folder=program) as started:
        yield started


async def until_registered(workers: Program, count: int) -> None:
    for _ in range(count):
        await workers.wait_line("registered at")


async def until_none_registered(client: Client, function: str) -> None:
    with trio.fail_after(30):
        while any(one.workers for one in await client.admin.status() if one.name == function.encode()):
            await trio.lowlevel.checkpoint()


async def test_a_worker_runs_until_it_is_told_to_stop(server: ServerProcess, program: Path, function: str) -> None:
    async with running(program, server) as worker, open_client(server.address) as client:
        assert (await client.call(function, b"")).isdigit()
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0


async def test_ctrl_c_ends_a_worker_that_is_still_loaded(modules: Path) -> None:
    (modules / "slow.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    async with open_program(sys.executable, "-m", "worker", "slow", folder=modules) as loaded:
        await loaded.wait_line("loading")
        loaded.send_signal(signal.SIGINT)
        assert await loaded.wait() == 0
    assert loaded.lines == ["loading"]


async def test_the_command_line_sets_the_concurrency(server: ServerProcess, program: Path, function: str) -> None:
    async with (
        running(program, server, "--concurrency", "2"),
        open_client(server.address) as client,
        trio.open_nursery() as nursery,
    ):
        for _ in range(2):
            nursery.start_soon(client.call, f"pair-{function}", b"")


@ONE_SERVER
async def test_several_processes_are_kept_running_and_stop_together(
    server: ServerProcess, program: Path, function: str
) -> None:
    async with running(program, server, "--processes", "2") as workers, open_client(server.address) as client:
        await until_registered(workers, 2)
        pid = int(await client.call(function, b""))
        os.kill(pid, signal.SIGKILL)
        await workers.wait_line("a process of the worker ended with status -9; another is started")
        await until_registered(workers, 1)
        workers.send_signal(signal.SIGTERM)
        assert await workers.wait() == 0
        await until_none_registered(client, function)


@ONE_SERVER
async def test_a_signal_is_passed_on_and_the_second_one_ends_a_job(
    server: ServerProcess, program: Path, function: str
) -> None:
    async with running(program, server, "--processes", "2") as workers, open_client(server.address) as client:
        await until_registered(workers, 2)
        await client.submit_background(f"pair-{function}", b"")  # waits for another one
        with trio.fail_after(30):
            while not any(
                one.running for one in await client.admin.status() if one.name == f"pair-{function}".encode()
            ):
                await trio.lowlevel.checkpoint()
        workers.send_signal(signal.SIGINT)
        for _ in range(2):  # both have heard the first one, so that the second is another one for each
            await workers.wait_line("SIGTERM: running jobs have 30 seconds to end")
        workers.send_signal(signal.SIGINT)
        assert await workers.wait() == 0


@ONE_SERVER
async def test_a_signal_that_all_processes_get_is_one_wish_to_stop(
    server: ServerProcess, program: Path, function: str
) -> None:
    end = program / "end"
    async with running(program, server, "--processes", "2") as workers, open_client(server.address) as client:
        await until_registered(workers, 2)
        async with client.follow(f"patient-{function}", str(end)) as job:
            update = await anext(job)
            assert isinstance(update, Data)
            workers.send_signal(signal.SIGTERM)
            for _ in range(2):
                await workers.wait_line("SIGTERM: running jobs have 30 seconds to end")
            os.kill(int(update.payload), signal.SIGTERM)  # as systemd does, in whatever order
            end.touch()
            with trio.fail_after(20):
                assert await job.result() == b"ended"
        assert await workers.wait() == 0


@ONE_SERVER
async def test_processes_end_with_the_one_above_them(server: ServerProcess, program: Path, function: str) -> None:
    async with running(program, server, "--processes", "2") as workers, open_client(server.address) as client:
        await until_registered(workers, 2)
        workers.send_signal(signal.SIGKILL)
        await until_none_registered(client, function)


@ONE_SERVER
async def test_a_worker_that_cannot_be_run_is_not_started_again_and_again(server: ServerProcess, modules: Path) -> None:
    command = [sys.executable, "-m", "worker", "idle:worker", "--server", server.address, "--processes", "2"]
    async with open_program(*command, folder=modules) as workers:
        assert await workers.wait() == 2
        assert "idle:worker cannot be run" in workers.said


@ONE_SERVER
async def test_a_program_that_changes_is_started_again_also_after_a_mistake(
    server: ServerProcess, program: Path, function: str
) -> None:
    source = program / "jobs.py"
    async with running(program, server, "--reload") as worker, open_client(server.address) as client:
        first = await client.call(function, b"")
        source.write_text("mistake")
        await worker.wait_line("jobs.py has changed: starting again")
        await worker.wait_line("module jobs cannot be imported: NameError")
        source.write_text(PROGRAM.format(function=function).replace("str(os.getpid())", "'new'"))
        await worker.wait_line("jobs.py has changed: starting again")
        assert first.isdigit()
        assert await client.call(function, b"") == b"new"
        worker.send_signal(signal.SIGTERM)
        assert await worker.wait() == 0
