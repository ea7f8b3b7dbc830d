"""``python -m client``, as people and programs use it, against both servers."""

import doctest
import json
import signal
import subprocess
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
import trio

from client import Client, open_client
from client.__main__ import main
from client.command_line import moments
from client.command_line.moments import moment
from client.command_line.output import Output
from client.command_line.parser import answer_seconds, parsed
from client.command_line.samples import FunctionSample
from protocol import WorkComplete, WorkData, WorkFail, WorkStatus, WorkWarning
from tests.client.blocking.aside import Aside
from tests.client.command_line.doing import COMMAND, done, on_a_terminal
from tests.gearman_servers import ONE_SERVER
from tests.ports import private_port
from tests.processes import ServerProcess
from tests.programs import ROOT, open_program
from tests.raw_worker import raw_worker


async def test_a_job_is_submitted_and_its_handle_printed(
    server: ServerProcess, function: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ("--server", server.address)
    (tmp_path / "mail").write_bytes(b"from a\0file")
    async with raw_worker(server, function) as worker:
        for words, payload in (
            ((function, "argument", "--priority", "high"), b"argument"),
            ((function, "--file", str(tmp_path / "mail")), b"from a\0file"),
        ):
            status, out, err = done(capfd, "submit", *words, *where)
            job = await worker.take()
            assert (status, out, err) == (0, job.handle.decode() + "\n", "")
            assert job.payload == payload
            await worker.say(WorkComplete(job.handle, b""))
        status, out, _ = done(capfd, "submit", function, "x", "--unique", "u", "--json", *where)
        job = await worker.take()
        assert json.loads(out) == {"handle": job.handle.decode()}
        assert job.unique == b"u"
        await worker.say(WorkComplete(job.handle, b""))


@ONE_SERVER
def test_a_payload_comes_from_standard_input_and_many_come_from_its_lines(server: ServerProcess, function: str) -> None:
    words = [*COMMAND, "submit", function, "--server", server.address, "--json"]
    once = subprocess.run(words, input=b"one\ntwo\n", cwd=ROOT, capture_output=True, check=True)
    each = subprocess.run([*words, "--lines"], input=b"one\ntwo\n", cwd=ROOT, capture_output=True, check=True)
    handles = [json.loads(line)["handle"] for line in (once.stdout + each.stdout).splitlines()]
    assert len(set(handles)) == 3


@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
async def test_a_call_writes_the_result_and_what_came_before(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str], as_json: bool
) -> None:
    words = ["call", function, "x", "--server", server.address, *(["--json"] if as_json else [])]
    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        called = Aside(nursery, partial(main, words))
        handle = (await worker.take()).handle
        await worker.say(
            WorkStatus(handle, b"1", b"2"),
            WorkData(handle, b"da\xff"),
            WorkWarning(handle, b"careful"),
            WorkComplete(handle, b"ta"),
        )
        assert await called.outcome() == 0
    said = capfd.readouterr()
    assert said.err == "warning: careful\n"
    if as_json:
        events = [json.loads(line) for line in said.out.splitlines()]
        assert [event.pop("handle") for event in events] == [handle.decode()] * 4
        assert events == [
            {"event": "progress", "numerator": 1, "denominator": 2},
            {"event": "data", "base64": "ZGH/"},
            {"event": "warning", "data": "careful"},
            {"event": "result", "data": "ta"},
        ]
    else:
        assert said.out.endswith("ta")


async def test_a_call_of_a_job_that_fails_ends_with_status_1(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:
        called = Aside(nursery, partial(main, ["call", function, "x", "--server", server.address]))
        await worker.say(WorkFail((await worker.take()).handle))
        assert await called.outcome() == 1
    assert " failed" in capfd.readouterr().err


async def test_a_call_whose_time_is_up_ends_with_status_3(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("call", function, "x", "--timeout", "0.05", "--server", server.address)
    status, out, err = done(capfd, *words)
    assert (status, out) == (3, "")
    assert "within 0.05 seconds" in err


async def test_the_status_of_jobs_is_told(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ("--server", server.address)
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = (await client.submit_background(function, b"", unique=function)).decode()
        assert done(capfd, "status", handle, *where) == (0, f"{handle} queued\n", "")
        job = await worker.take()
        await worker.say(WorkStatus(job.handle, b"3", b"10"))
        assert await worker.grab() is None
        assert done(capfd, "status", handle, *where)[1] == f"{handle} running 3 of 10\n"
        status, out, _ = done(capfd, "status", "H:nobody:1", "--unique", function, "--json", *where)
        assert status == 1
        assert [json.loads(line) for line in out.splitlines()] == [
            {"handle": "H:nobody:1", "state": "unknown", "numerator": 0, "denominator": 0},
            {"unique": function, "state": "running", "numerator": 3, "denominator": 10},
        ]
        await worker.say(WorkComplete(job.handle, b""))


@ONE_SERVER
async def test_watch_tells_changes_until_the_jobs_are_over(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = (await client.submit_background(function, b"")).decode()
        words = ("watch", handle, "--interval", "0.01", "--server", server.address)
        async with open_program(*COMMAND, *words) as plain:
            await plain.wait_line(f"{handle} queued")
            job = await worker.take()
            await worker.say(WorkStatus(job.handle, b"1", b"2"))
            await plain.wait_line(f"{handle} running 1 of 2")
            async with open_program(*COMMAND, "watch", *words[2:], "--json") as whatever_runs:
                line = await whatever_runs.wait_line(handle)
                assert json.loads(line) == {"handle": handle, "state": "running", "numerator": 1, "denominator": 2}
                await worker.say(WorkComplete(job.handle, b""))
                assert '"over"' in await whatever_runs.wait_line(handle)
                whatever_runs.send_signal(signal.SIGINT)
                assert await whatever_runs.wait() == 0
            await plain.wait_line(f"{handle} over")
            assert await plain.wait() == 0


async def test_top_lists_functions_and_how_fast_they_change(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        await client.submit_background(function, b"")
        await client.submit_background(function, b"")
        job = await worker.take()
        where = ("--server", server.address)
        status, out, err = done(capfd, "top", "--count", "1", *where)
        assert (status, err) == (0, "")
        assert out.split("\n")[0].split() == list(FunctionSample.HEADINGS)
        row = next(line.split() for line in out.splitlines() if line.startswith(function))
        assert row == [function, "1", "0", "1", "0", "1", "1", "+0.0"]
        _, out, _ = done(capfd, "top", "--count", "2", "--interval", "0.01", "--json", *where)
        samples = [json.loads(line) for line in out.splitlines()]
        assert len(samples) == 2
        assert function in [one["name"] for one in samples[1]["functions"]]
        await worker.say(WorkComplete(job.handle, b""))


@ONE_SERVER
async def test_a_terminal_is_drawn_on(server: ServerProcess, function: str) -> None:
    where = ("--server", server.address)
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, b"")
        looks = ("--count", "2", "--interval", "0.01")
        status, said = await trio.to_thread.run_sync(lambda: on_a_terminal("top", *looks, *where))
        assert status == 0
        assert said.count("FUNCTION") >= 2
        assert function in said
        assert "\x1b[" in said
        job = await worker.take()
        await worker.say(WorkComplete(handle, b""))
        assert await worker.grab() is None
        assert job.handle == handle
        status, said = await trio.to_thread.run_sync(lambda: on_a_terminal("watch", handle.decode(), *where))
        assert status == 0
        assert handle.decode() in said
        assert "over" in said


@ONE_SERVER
async def test_a_name_does_nothing_to_the_terminal_that_shows_it(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    name, shown = f"[/bold]\x1b[2J\x9b{function}", f"[/bold]\\x1b[2J\\x9b{function}"
    where = ("--count", "1", "--server", server.address)
    async with open_client(server.address) as client, raw_worker(server, name):
        await client.submit_background(name, b"")
        status, said = await trio.to_thread.run_sync(lambda: on_a_terminal("top", *where))
        assert (status, name in said, shown in said) == (0, False, True)
        status, out, _ = done(capfd, "top", *where)
        assert (status, name in out, shown in out) == (0, False, True)
        status, out, _ = done(capfd, "top", "--json", *where)
        assert name in [one["name"] for one in json.loads(out)["functions"]]
        assert not {"\x1b", "\x9b"}.intersection(out)


def test_an_object_is_one_line_of_printable_characters_whatever_is_in_it(capfd: pytest.CaptureFixture[str]) -> None:
    name = "".join(map(chr, (*range(160), 0xE4, 0x2028, 0x2029)))
    Output(as_json=True).tell("", name=name)
    out = capfd.readouterr().out
    assert json.loads(out) == {"name": name}
    assert out[:-1].isprintable()
    assert out.endswith("\n")
    assert "ä" in out


@ONE_SERVER
async def test_what_a_worker_says_does_nothing_to_the_terminal_that_shows_it(
    server: ServerProcess, function: str
) -> None:
    words = ("call", function, "x", "--server", server.address)
    async with raw_worker(server, function) as worker, trio.open_nursery() as nursery:

        async def fail() -> None:
            job = await worker.take()
            await worker.say(WorkWarning(job.handle, b"\x1b[2Jcareful"), WorkFail(job.handle))

        nursery.start_soon(fail)
        status, said = await trio.to_thread.run_sync(lambda: on_a_terminal(*words))
    assert status == 1
    assert "\\x1b[2Jcareful" in said
    assert "\x1b[2Jcareful" not in said


@ONE_SERVER
def test_without_the_library_that_draws_it_is_said_which(server: ServerProcess) -> None:
    status, said = on_a_terminal("top", "--count", "1", "--server", server.address, rich=False)
    assert status == 2
    (line,) = said.splitlines()
    assert line.startswith(f"python -m client: drawing needs the library rich: {sys.executable} -m pip install rich ")


MISTAKES = {
    "no command": ([], "the following arguments are required: COMMAND"),
    "no such command": (["sumbit"], "invalid choice: 'sumbit'"),
    "no time": (["submit", "f", "x", "--at", "soon"], "'soon' is no time: give unix seconds, +90s"),
    "no minute": (["submit", "f", "x", "--at", "hours=2"], "'hours=2' is no field of a minute: give minute, hour"),
    "no such minute": (["submit", "f", "x", "--at", "hour=24"], "the hour of a calendar's minute is 0 to 23, not 24"),
    "two minutes": (["submit", "f", "x", "--at", "minute=1,minute=2"], "'minute' is given twice"),
    "too late": (
        ["submit", "f", "x", "--at", "9" * 20],
        "argument --at: a time is 0 to 9223372036854775807 unix seconds",
    ),
    "later, and split": (
        ["submit", "f", "x", "--at", "+1m", "--reducer", "r"],
        "--at and --reducer: no packet says both",
    ),
    "no address": (["top", "--server", "a:b"], "not a server address: 'a:b'"),
    "no payload": (["submit", "f", "--file", "/nowhere"], "--file: /nowhere cannot be read: No such file"),
    "two payloads": (["submit", "f", "x", "--file", "/nowhere"], "a payload and --file: give one of them"),
    "no lines": (["submit", "f", "x", "--lines"], "--lines: the payloads are the lines"),
    "no function": (["submit", "", "x"], "the name of a function is empty; is a variable unset?"),
    "no function to call": (["call", "", "x"], "the name of a function is empty"),
    "no handle": (["status"], "whose status? give a handle, or --unique KEY"),
    "no interval": (["top", "--interval", "0"], "'0' is no number above 0"),
    "two wishes": (["submit", "f", "x", "--priority", "low", "--reducer", "r"], "has normal priority"),
    "two others": (
        ["submit", "f", "x", "--priority", "low", "--at", "+1m"],
        "--at: a job for later has normal priority",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_command_line_is_refused_in_one_line(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    words, sentence = MISTAKES[name]
    status, out, err = done(capfd, *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert sentence in err


def test_a_server_that_is_not_there_is_status_3_and_told_to_programs_too(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, err = done(capfd, "status", "H:1", "--json", "--server", f"127.0.0.1:{private_port()}")
    assert status == json.loads(out)["exit_status"] == 3
    assert "cannot connect to 127.0.0.1" in err


async def test_what_the_server_refuses_is_status_4(
    server: ServerProcess, function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_client(server.address) as client:
        await refuse_more(client, function)
        status, _, err = done(capfd, "submit", function, "x", "--server", server.address)
        assert (status, "QUEUE_ERROR" in err) == (4, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("words", [("submit", "{function}", "x"), ("submit", "{function}", "x", "--json"), ("top",)])
def test_output_that_cannot_be_written_is_told_in_one_line(
    words: tuple[str, ...], server: ServerProcess, function: str
) -> None:
    command = [*COMMAND, *(word.format(function=function) for word in words), f"--server={server.address}"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert ended.stderr == "python -m client: standard output cannot be written: No space left on device\n"
    assert ended.returncode == 1


async def refuse_more(client: Client, function: str) -> None:
    await client.submit_background(function, b"")
    await client.admin.maxqueue(function, high=1, normal=1, low=1)


ANSWERED_WITHIN = {  # the words                                 seconds for the server's own answers
    "a long list":          (["dead", "--timeout", "300"],        300),
    "a short patience":     (["status", "H:1", "--timeout", "2"], 2),
    "nothing said":         (["cancel", "H:1"],                   30),
    "a job's long time":    (["call", "f", "--timeout", "300"],   30),
    "a job's short time":   (["call", "f", "--timeout", "2"],     2),
    "a job without an end": (["call", "f"],                       30),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERED_WITHIN)
def test_the_time_that_is_given_is_the_answers_or_of_a_call_the_jobs(name: str) -> None:
    words, seconds = ANSWERED_WITHIN[name]
    assert answer_seconds(parsed(words)) == seconds


def test_times_are_read_as_people_write_them() -> None:
    before, later = int(time.time()), moment("+2m")
    assert isinstance(later, int)
    assert before + 120 <= later <= time.time() + 120
    local = moment("2030-01-31T08:00")
    assert isinstance(local, datetime)
    assert local.utcoffset() is not None


def test_the_forms_shown_are_read_as_shown() -> None:
    failed, attempted = doctest.testmod(moments)
    assert attempted
    assert not failed
