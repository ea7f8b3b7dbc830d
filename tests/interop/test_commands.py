"""The commands `gearman` and `gearadmin` of libgearman."""

import pytest

from tests.processes import ServerProcess
from tests.programs import open_program, run_program

pytestmark = pytest.mark.usefixtures("gearman_tools")


def gearman(server: ServerProcess, *words: str) -> list[str]:
    """The words of a `gearman` command against a server."""
    return ["gearman", "-h", server.host, "-p", str(server.port), *words]


async def gearadmin(server: ServerProcess, *words: str) -> list[str]:
    """The lines that `gearadmin` prints."""
    return (await run_program("gearadmin", "-h", server.host, "-p", str(server.port), *words)).splitlines()


async def test_a_function_called_on_the_command_line_answers_with_its_result(server: ServerProcess) -> None:
    async with open_program(*gearman(server, "-w", "-f", "shout", "--", "tr", "a-z", "A-Z")):
        assert await run_program(*gearman(server, "-f", "shout", "good morning")) == "GOOD MORNING"


async def test_a_job_left_in_the_background_is_counted_and_run_later(server: ServerProcess) -> None:
    for letter in ("first", "second"):
        await run_program(*gearman(server, "-b", "-f", "shout", letter))
    assert await gearadmin(server, "--status") == ["shout\t2\t0\t0", "."]
    shout = ("-w", "-c", "2", "-f", "shout", "--", "tee", "/dev/stderr")
    said = await run_program(*gearman(server, *shout))
    assert said == "firstsecond"
    assert await gearadmin(server, "--status") == ["shout\t0\t0\t0", "."]


async def test_a_job_that_fails_says_so(server: ServerProcess) -> None:
    worker = open_program(*gearman(server, "-w", "-f", "fail", "--", "false"))
    async with worker, open_program(*gearman(server, "-f", "fail", "anything")) as call:
        await call.wait_line("Job failed")
        assert await call.wait() == 1


async def test_the_version_is_told(server: ServerProcess) -> None:
    (version,) = await gearadmin(server, "--server-version")
    assert version[0].isdigit()


async def test_a_worker_is_listed_with_its_functions(server: ServerProcess) -> None:
    async with open_program(*gearman(server, "-w", "-f", "shout", "--", "cat")):
        assert await run_program(*gearman(server, "-f", "shout", "are you there")) == "are you there"
        listed = await gearadmin(server, "--workers")
    assert listed[-1] == "."
    assert [line.split(" ", 3)[3] for line in listed if line.endswith("shout")] == [": shout"]
