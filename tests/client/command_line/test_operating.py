"""What operators say by ``python -m client``: cancel, dead and revive."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
import trio

from client import Client, DeadJob, open_client
from protocol import WorkComplete
from tests.client.command_line.doing import COMMAND, done, on_a_terminal
from tests.ports import private_port
from tests.processes import BrokerProcess, ServerProcess
from tests.programs import open_program
from tests.raw_worker import raw_worker

GEARMAND = pytest.mark.parametrize("server_kind", ["gearmand"], indirect=True, scope="session")

HEADINGS = ["HANDLE", "GIVEN UP", "ATTEMPTS", "FUNCTION"]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """A broker that gives up a job when its first run is lost."""
    with BrokerProcess(tmp_path_factory.mktemp("s") / "data", "--job-retries", "1") as running:
        yield running


async def given_up(server: ServerProcess, client: Client, function: str, count: int, unique: str = "") -> list[DeadJob]:
    """So many jobs of a function, as soon as the server has noticed that the worker is gone with them."""
    for _ in range(count):
        await client.submit_background(function, b"", unique=unique)
    async with raw_worker(server, function) as worker:
        for _ in range(count):
            await worker.take()
    with trio.fail_after(20):
        while True:
            dead = [job for job in await client.admin.show_dead() if job.function == function.encode()]
            if len(dead) == count:
                return dead


def as_row(job: DeadJob) -> list[str]:
    """How a job is listed, whatever the widths of the columns."""
    at = datetime.fromtimestamp(job.given_up_at, UTC).isoformat()
    return [job.handle.decode(), at, str(job.attempts), job.function.decode()]


def objects(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


async def test_queued_jobs_are_cancelled(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handles = [(await client.submit_background(function, b"")).decode() for _ in range(3)]
        status, out, err = done(capfd, "cancel", *handles[:2], "--server", server.address)
        assert (status, out, err) == (0, f"{handles[0]} cancelled\n{handles[1]} cancelled\n", "")
        status, out, err = done(capfd, "cancel", handles[2], "--json", "--server", server.address)
        assert (status, err) == (0, "")
        assert objects(out) == [{"handle": handles[2], "state": "cancelled", "running": False}]
        assert await worker.grab() is None


async def test_of_several_handles_an_unknown_one_is_told_and_the_others_are_cancelled(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        first, last = [(await client.submit_background(function, b"")).decode() for _ in range(2)]
        status, out, err = done(capfd, "cancel", first, "H:nobody:1", last, "--server", server.address)
        assert (status, err) == (1, "")
        assert out == f"{first} cancelled\nH:nobody:1 unknown\n{last} cancelled\n"
        assert await worker.grab() is None
    status, out, _ = done(capfd, "cancel", "H:nobody:1", "--json", "--server", server.address)
    assert status == 1
    assert objects(out) == [{"handle": "H:nobody:1", "state": "unknown", "running": False}]


@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
async def test_of_a_running_job_it_is_told_that_it_goes_on(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str], as_json: bool
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = (await client.submit_background(function, b"")).decode()
        job = await worker.take()
        words = ["cancel", handle, "--server", server.address, *(["--json"] if as_json else [])]
        status, out, err = done(capfd, *words)
        assert (status, err) == (0, "")
        if as_json:
            assert objects(out) == [{"handle": handle, "state": "cancelled", "running": True}]
        else:
            assert out == f"{handle} cancelled, but its worker is not told and runs it to its end\n"
        await worker.say(WorkComplete(job.handle, b""))


async def test_jobs_that_were_given_up_are_listed(
    strict: BrokerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ("--server", strict.address)
    spaced = f"{function} with spaces"
    async with open_client(strict.address) as client:
        jobs = await given_up(strict, client, function, 3)
        (other,) = await given_up(strict, client, spaced, 1)
    status, out, err = done(capfd, "dead", function, *where)
    assert (status, err) == (0, "")
    headings, *rows = [[word.strip() for word in line.split("  ") if word] for line in out.splitlines()]
    assert headings == HEADINGS
    assert sorted(rows) == sorted(as_row(job) for job in jobs)
    _, out, _ = done(capfd, "dead", *where)
    ages = [line.split()[1] for line in out.splitlines()[1:]]
    assert ages == sorted(ages)
    assert {job.handle.decode() for job in [*jobs, other]} <= {line.split()[0] for line in out.splitlines()}
    status, out, _ = done(capfd, "dead", spaced, "--json", *where)
    assert status == 0
    assert objects(out) == [
        {"handle": other.handle.decode(), "function": spaced, "given_up_at": other.given_up_at, "attempts": 1}
    ]


def test_a_list_of_none_has_only_its_headings_and_in_json_nothing(
    strict: BrokerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, err = done(capfd, "dead", function, "--server", strict.address)
    assert (status, out.split(), err) == (0, " ".join(HEADINGS).split(), "")
    assert done(capfd, "dead", function, "--json", "--server", strict.address) == (0, "", "")


async def test_a_list_of_more_than_a_page_is_whole(
    strict: BrokerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_client(strict.address) as client:
        jobs = await given_up(strict, client, function, 600)
    _, out, _ = done(capfd, "dead", function, "--json", "--server", strict.address)
    assert {one["handle"] for one in objects(out)} == {job.handle.decode() for job in jobs}
    assert len(objects(out)) == 600


async def test_a_terminal_has_the_same_table_without_the_library_that_draws(
    strict: BrokerProcess, function: str
) -> None:
    async with open_client(strict.address) as client:
        (job,) = await given_up(strict, client, function, 1)
    words = ("dead", function, "--server", strict.address)
    status, said = await trio.to_thread.run_sync(partial(on_a_terminal, *words, rich=False))
    assert status == 0
    headings, row = said.splitlines()
    assert headings.split() == " ".join(HEADINGS).split()
    assert row.split() == as_row(job)


async def test_jobs_are_revived_and_of_each_that_is_not_it_is_told_why(
    strict: BrokerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ("--server", strict.address)
    async with open_client(strict.address) as client:
        first, second = [job.handle.decode() for job in await given_up(strict, client, function, 2)]
        queued = (await client.submit_background(f"{function}-queued", b"")).decode()
        async with raw_worker(strict, f"{function}-running") as worker:
            running = (await client.submit_background(f"{function}-running", b"")).decode()
            job = await worker.take()
            status, out, err = done(capfd, "revive", first, queued, running, "H:nobody:1", second, *where)
            await worker.say(WorkComplete(job.handle, b""))
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        f"{first} revived",
        f"{queued} queued, was not given up",
        f"{running} running, was not given up",
        "H:nobody:1 unknown",
        f"{second} revived",
    ]
    async with raw_worker(strict, function) as worker:
        for handle in (first, second):
            job = await worker.take()
            assert job.handle.decode() == handle
            await worker.say(WorkComplete(job.handle, b""))


async def test_a_refusal_that_is_about_one_job_does_not_keep_the_next_from_being_revived(
    strict: BrokerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ("--server", strict.address)
    async with open_client(strict.address) as client:
        (held,) = await given_up(strict, client, f"{function}-held", 1, unique=function)
        heir = await client.submit_background(f"{function}-held", b"", unique=function)
        (dropped,) = await given_up(strict, client, f"{function}-dropped", 1)
        await client.admin.drop_function(f"{function}-dropped")
        (job,) = await given_up(strict, client, function, 1)
    handles = [one.handle.decode() for one in (held, dropped, job)]
    status, out, err = done(capfd, "revive", *handles, "--json", *where)
    assert (status, err) == (1, "")
    refused, functionless, revived = objects(out)
    assert (refused["handle"], refused["state"]) == (handles[0], "refused")
    assert f"held by job {heir.decode()} now (UNIQUE_HELD)" in str(refused["error"])
    assert (functionless["handle"], functionless["state"]) == (handles[1], "refused")
    assert "(FUNCTION_DROPPED)" in str(functionless["error"])
    assert revived == {"handle": handles[2], "state": "revived"}
    status, out, err = done(capfd, "revive", handles[0], *where)
    assert (status, out) == (1, f"{handles[0]} refused: {refused['error']}\n")


async def test_one_that_was_given_up_is_cancelled_for_good(
    strict: BrokerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_client(strict.address) as client:
        (job,) = await given_up(strict, client, function, 1)
    where = ("--server", strict.address)
    handle = job.handle.decode()
    assert done(capfd, "cancel", handle, *where) == (0, f"{handle} cancelled\n", "")
    assert done(capfd, "dead", function, "--json", *where) == (0, "", "")
    assert done(capfd, "revive", handle, *where) == (1, f"{handle} unknown\n", "")


@GEARMAND
@pytest.mark.parametrize(("words", "command"), [(("dead",), "show dead"), (("revive", "H:1", "H:2"), "revive job")])
def test_gearmand_refuses_what_it_has_no_command_for_and_it_is_told_why(
    server: ServerProcess, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], command: str
) -> None:
    status, out, err = done(capfd, *words, "--server", server.address)
    assert (status, out) == (4, "")
    assert err.count("\n") == 1
    assert f"the server does not know '{command}': it is no trio-gearman, and gearmand keeps no job it gave up" in err
    _, out, _ = done(capfd, *words, "--json", "--server", server.address)
    (told,) = objects(out)
    assert told["exit_status"] == 4


MISTAKES = {
    "nothing": ([], "the following arguments are required: HANDLE"),
    "an empty one": ([""], "a handle has 1 to 63 bytes, this one has 0; give it as submit printed it, such as H:"),
    "too long": (["H" * 64], "a handle has 1 to 63 bytes, this one has 64; give it as submit printed it"),
    "two in one": (["H:1 H:2"], "'H:1 H:2' is no handle: it has a space or a line end in it; give it as submit"),
    "a second line": (["H:1", "H:2\nshutdown"], "'H:2\\nshutdown' is no handle: it has a space or a line end"),
    "no text": (["H:\udcff"], "'H:\\udcff' is no handle: it is not UTF-8; give it as submit printed it"),
}


@pytest.mark.parametrize("command", ["cancel", "revive"])
@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_handle_is_refused_before_the_server_is_asked_for_anything(
    name: str, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words, sentence = MISTAKES[name]
    status, out, err = done(capfd, command, *words, "--server", f"127.0.0.1:{private_port()}")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


@pytest.mark.parametrize("words", [("cancel", "H:1"), ("dead",), ("revive", "H:1")], ids=lambda words: words[0])
async def test_ctrl_c_ends_it_with_status_130_and_no_traceback(words: tuple[str, ...]) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    address = f"127.0.0.1:{listener.socket.getsockname()[1]}"
    async with listener, open_program(*COMMAND, *words, "--server", address) as program:
        with trio.fail_after(30):
            stream = await listener.accept()
            assert await stream.receive_some()  # now it waits for an answer, which does not come
        program.send_signal(signal.SIGINT)
        assert await program.wait() == 130
        assert program.said == ""
        await stream.aclose()


@pytest.mark.parametrize("words", [("cancel", "H:1"), ("dead",), ("revive", "H:1")], ids=lambda words: words[0])
def test_without_a_server_it_ends_with_status_3(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    status, out, err = done(capfd, *words, "--server", f"127.0.0.1:{private_port()}")
    assert (status, out, err.count("\n")) == (3, "", 1)
