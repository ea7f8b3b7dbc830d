"""The commands `gearman` and `gearadmin` of libgearman, option by option."""

from itertools import count
from pathlib import Path

import pytest
import trio

from client import open_client
from tests.processes import ServerProcess
from tests.programs import open_program, run_program

pytestmark = pytest.mark.usefixtures("gearman_tools")

PATIENCE_SECONDS = 30.0

_numbers = count(1)


@pytest.fixture
def f() -> str:
    """The name of a function that no other test uses, so that tests can share a server."""
    return f"shout{next(_numbers)}"


def gearman(server: ServerProcess, *words: str) -> list[str]:
    """The words of a `gearman` command against a server."""
    return ["gearman", "-h", server.host, "-p", str(server.port), *words]


async def gearadmin(server: ServerProcess, *words: str) -> list[str]:
    """The lines that `gearadmin` prints."""
    return (await run_program("gearadmin", "-h", server.host, "-p", str(server.port), *words)).splitlines()


async def status(server: ServerProcess, f: str) -> str:
    """What `gearadmin --status` says of a function: total, running, workers."""
    lines = await gearadmin(server, "--status")
    assert lines[-1] == "."
    (counts,) = [line.removeprefix(f"{f}\t") for line in lines if line.startswith(f"{f}\t")]
    return counts.replace("\t", " ")


# gearman


async def test_a_function_called_on_the_command_line_answers_with_its_result(server: ServerProcess, f: str) -> None:
    async with open_program(*gearman(server, "-w", "-f", f, "--", "tr", "a-z", "A-Z")):
        for priority in ([], ["-I"], ["-L"]):
            assert await run_program(*gearman(server, *priority, "-f", f, "good morning")) == "GOOD MORNING"


async def test_jobs_left_in_the_background_run_later_by_priority(server: ServerProcess, f: str) -> None:
    for options in (["-L", "low"], ["normal"], ["-I", "high"]):
        *priority, word = options
        await run_program(*gearman(server, "-b", *priority, "-f", f, f"{word} "))
    assert await status(server, f) == "3 0 0"
    said = await run_program(*gearman(server, "-w", "-c", "3", "-f", f, "--", "tee", "/dev/stderr"))
    assert said == "high normal low "
    assert await status(server, f) == "0 0 0"


async def test_jobs_with_one_unique_are_one(server: ServerProcess, f: str) -> None:
    for unique in ("monday", "monday", "tuesday"):
        await run_program(*gearman(server, "-b", "-u", unique, "-f", f, "x"))
    assert await status(server, f) == "2 0 0"


@pytest.mark.parametrize(("option", "said"), [("-n", "ONE\nTWO\nTHREE"), ("-N", "ONETWOTHREE")])
async def test_every_line_is_a_job(server: ServerProcess, f: str, option: str, said: str) -> None:
    worker = open_program(*gearman(server, "-w", "-f", f, "--", "tr", "a-z", "A-Z"))
    async with worker, open_program(*gearman(server, option, "-f", f)) as call:
        for line in ("one", "two", "three"):
            await call.say(line)
        await call.end_input()
        assert await call.wait() == 0
        assert call.said == said


async def test_answers_are_told_apart_by_their_functions(server: ServerProcess, f: str) -> None:
    async with open_program(*gearman(server, "-w", "-f", f, "-f", f"{f}x", "--", "cat")):
        said = await run_program(*gearman(server, "-P", "-f", f, "-f", f"{f}x", "hello\n"))
    assert sorted(said.splitlines()) == [f"{f}: hello", f"{f}x: hello"]


async def test_a_worker_sends_each_line_as_data(server: ServerProcess, f: str) -> None:
    async with open_program(*gearman(server, "-w", "-n", "-f", f, "--", "printf", "one\\ntwo\\n")):
        assert (await run_program(*gearman(server, "-s", "-f", f))).splitlines()[-2:] == ["one", "two"]


async def test_a_job_without_a_payload(server: ServerProcess, f: str) -> None:
    async with open_program(*gearman(server, "-w", "-f", f, "--", "wc", "-c")):
        assert await run_program(*gearman(server, "-s", "-f", f)) == "0"


async def test_a_job_that_fails_says_so(server: ServerProcess, f: str) -> None:
    worker = open_program(*gearman(server, "-w", "-f", f, "--", "false"))
    async with worker, open_program(*gearman(server, "-f", f, "anything")) as call:
        await call.wait_line("Job failed")
        assert await call.wait() == 1


async def test_a_call_that_nobody_answers_ends_when_its_time_is_up(server: ServerProcess, f: str) -> None:
    async with open_program(*gearman(server, "-t", "100", "-f", f, "anything")) as call:
        await call.wait_line("GEARMAN_TIMEOUT")


async def test_a_worker_writes_its_process_id(server: ServerProcess, f: str, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    async with open_program(*gearman(server, "-w", "-i", str(file), "-f", f, "--", "cat")):
        assert await run_program(*gearman(server, "-f", f, "are you there")) == "are you there"
        assert file.read_text().strip().isdigit()


# gearadmin


async def test_the_version_is_told(server: ServerProcess) -> None:
    (version,) = await gearadmin(server, "--server-version")
    assert version[0].isdigit()


async def test_a_worker_is_listed_with_its_functions(server: ServerProcess, f: str) -> None:
    async with open_program(*gearman(server, "-w", "-f", f, "--", "cat")):
        assert await run_program(*gearman(server, "-f", f, "are you there")) == "are you there"
        listed = await gearadmin(server, "--workers")
    assert listed[-1] == "."
    assert [line.split(" ", 3)[3] for line in listed if line.endswith(f)] == [f": {f}"]


async def test_queued_jobs_are_counted_by_priority(server: ServerProcess, f: str) -> None:
    for priority in (["-L"], [], ["-I"], ["-I"]):
        await run_program(*gearman(server, "-b", *priority, "-f", f, "x"))
    listed = await gearadmin(server, "--priority-status")
    assert f"{f}\t2\t1\t1\t0" in listed
    assert listed[-1] == "."


async def test_a_job_is_listed_with_its_unique_and_can_be_cancelled(server: ServerProcess, f: str) -> None:
    async with open_client(server.address) as client:
        handle = (await client.submit_background(f, b"x", unique=f"unique of {f}")).decode()
    jobs = await gearadmin(server, "--show-jobs")
    assert f"{handle}\t0\t0\t1" in jobs
    assert jobs[-1] == "."
    uniques = await gearadmin(server, "--show-unique-jobs")
    assert f"unique of {f}" in uniques
    assert uniques[-1] == "."
    assert await gearadmin(server, "--cancel-job", handle) == ["OK"]
    said = await run_program(*gearman(server, "-b", "-f", f, "last "))
    assert said == ""
    assert await run_program(*gearman(server, "-w", "-c", "1", "-f", f, "--", "tee", "/dev/stderr")) == "last "


async def test_a_cancelled_call_fails(server: ServerProcess, f: str) -> None:
    before = await foreground_jobs(server)
    async with open_program(*gearman(server, "-f", f, "anything")) as call:
        with trio.fail_after(PATIENCE_SECONDS):
            while not (found := await foreground_jobs(server) - before):  # until the call has arrived
                pass
        (handle,) = found
        assert await gearadmin(server, "--cancel-job", handle) == ["OK"]
        await call.wait_line("Job failed")
        assert await call.wait() == 1


async def foreground_jobs(server: ServerProcess) -> set[str]:
    """The handles of the jobs that somebody waits for."""
    jobs = await gearadmin(server, "--show-jobs")
    assert jobs[-1] == "."
    return {line.split("\t")[0] for line in jobs if line.endswith("\t0\t0\t0")}


async def test_a_function_is_created_and_dropped(server: ServerProcess, f: str) -> None:
    assert await gearadmin(server, "--create-function", f) == ["OK"]
    assert await status(server, f) == "0 0 0"
    assert await gearadmin(server, "--drop-function", f) == ["OK"]
    assert f"{f}\t0\t0\t0" not in await gearadmin(server, "--status")


async def test_a_function_that_nobody_knows_cannot_be_dropped(server: ServerProcess, f: str) -> None:
    assert await gearadmin(server, "--drop-function", f) == ["Error: function not found"]


async def test_the_process_id_is_told(server: ServerProcess) -> None:
    assert await gearadmin(server, "--getpid") == [str(server.pid)]


async def test_the_verbosity_is_told(server: ServerProcess) -> None:
    (level,) = await gearadmin(server, "--server-verbose")
    assert level.isupper()


async def test_several_questions_are_answered_in_gearadmins_own_order(server: ServerProcess, f: str) -> None:
    await run_program(*gearman(server, "-b", "-f", f, "x"))
    pid, *others = await gearadmin(server, "--status", "--priority-status", "--getpid")
    assert pid == str(server.pid)
    assert others.index(f"{f}\t0\t1\t0\t0") < others.index(".") < others.index(f"{f}\t1\t0\t0")


async def test_a_server_that_is_not_there(server: ServerProcess) -> None:
    async with open_program("gearadmin", "-h", server.host, "-p", "1", "--status") as admin:
        await admin.wait_line("Error connecting")
        assert await admin.wait() == 1
