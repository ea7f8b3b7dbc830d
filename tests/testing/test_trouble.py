"""Tests that go wrong, or are run otherwise than we run ours: what they are told, and what becomes of the next ones."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import pytest

from client.blocking import Client
from gearman_testing import Hosting

ENDED = """
def test_whose_brokers_end(gearman_host, gearman_broker):
    gearman_host._process._process.stdin.close()  # KILL would leave its store behind
    gearman_broker.submitted

def test_the_next(gearman_broker, gearman_blocking_client):
    gearman_blocking_client.ping()
"""

ASYNC = """
import pytest

def test_a_plain_one(gearman_client):
    pass

async def test_not_for_trio(gearman_client):
    pass

@pytest.mark.anyio
async def test_any_loop(gearman_client):
    await gearman_client.ping()

@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request):
    return request.param

@pytest.mark.trio
async def test_trio(gearman_client):
    await gearman_client.ping()
"""


class AlarmError(Exception):
    """As pytest-timeout raises one out of its signal's handler."""


def report(folder: Path, program: str, *options: str) -> str:
    """What pytest says of a test file, the folder it was run in being the file's."""
    (folder / "test_it.py").write_text(program)
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--import-mode=importlib", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True).stdout


def test_brokers_that_ended_cost_one_test(tmp_path: Path) -> None:
    said = report(tmp_path, ENDED)
    assert "ended with status 0" in said
    assert "the next test that wants a broker starts another" in said
    assert re.search(r"^1 failed, 1 passed, 1 error", said, re.MULTILINE), said


def test_a_question_that_was_interrupted_leaves_no_answer_to_the_next() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise AlarmError

    with Hosting() as hosting:
        before = signal.signal(signal.SIGALRM, interrupt)
        stopped = hosting._process._process.pid
        try:
            with hosting.broker() as broker:
                os.kill(stopped, signal.SIGSTOP)  # so that the alarm comes before the answer
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                with pytest.raises(AlarmError):
                    assert broker.submitted
        finally:
            signal.signal(signal.SIGALRM, before)
            os.kill(stopped, signal.SIGCONT)
        with hosting.broker() as broker, Client(broker.address) as client:
            client.submit_background("f", b"x")
            broker.assert_submitted("f", b"x")


def test_modules_of_the_program_that_have_our_names_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "broker.py").write_text("raise SystemExit('of the program')")
    said = report(tmp_path, "def test_it(gearman_broker, gearman_blocking_client): gearman_blocking_client.ping()")
    assert said.splitlines()[-1].startswith("1 passed"), said


def test_a_client_for_trio_where_trio_does_not_run_the_test_says_what_to_do(tmp_path: Path) -> None:
    said = report(tmp_path, ASYNC)
    assert said.count("\ngearman_client is for async tests that trio runs: install pytest-trio") == 3, said
    assert said.splitlines()[-1].startswith("2 passed, 3 errors"), said
    alone = report(tmp_path, ASYNC, "-p", "no:trio", "-p", "no:anyio", "-k", "plain or not_for_trio")
    assert alone.count("\ngearman_client is for async tests that trio runs: install pytest-trio") == 2, alone
