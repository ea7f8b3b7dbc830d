"""What is drawn on a terminal, when that or the drawing ends."""

import os
import pty
import signal
import subprocess

import pytest

from client.command_line.samples import JobSample
from client.command_line.screen import MOST_OVER, Screen
from tests.client.command_line.doing import COMMAND
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess
from tests.programs import ROOT

HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"
PATIENCE_SECONDS = 20.0


def begun(server: ServerProcess, *words: str) -> tuple[subprocess.Popen[bytes], int, bytes]:
    """A command on a terminal that it has begun to draw on: that, the other end, and what came."""
    near, far = pty.openpty()
    words = (*COMMAND, *words, "--interval", "0.01", "--server", server.address)
    # HUP is ignored, as under nohup: the end of a terminal is to be noticed without it.
    process = subprocess.Popen(
        ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *words],
        stdin=far,
        stdout=far,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm"},
        cwd=ROOT,
    )
    os.close(far)
    came = b""
    while HIDDEN not in came:
        came += os.read(near, 65_536)
    return process, near, came


def test_of_the_jobs_that_are_over_the_last_stay(capfd: pytest.CaptureFixture[str]) -> None:
    with Screen.job_bars() as draw:
        for number in range(2 * MOST_OVER):
            draw([JobSample(f"H:{number}:", state, 0, 0) for state in ("over", "running", "over")])
    drawn = [line.split()[0] for line in capfd.readouterr().out.splitlines() if line.strip()]
    assert drawn == [f"H:{number}:" for number in range(MOST_OVER, 2 * MOST_OVER)]


@ONE_SERVER
@pytest.mark.parametrize("command", ["top", "watch"])
def test_who_is_told_to_end_leaves_the_terminal_as_it_was(server: ServerProcess, command: str) -> None:
    process, near, came = begun(server, command)
    process.send_signal(signal.SIGTERM)
    try:
        while piece := os.read(near, 65_536):
            came += piece
    except OSError:  # so a pseudo terminal says that the other end is closed
        pass
    os.close(near)
    _, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, complaint) == (128 + signal.SIGTERM, b"")
    assert came.rindex(SHOWN) > came.rindex(HIDDEN)


@ONE_SERVER
@pytest.mark.parametrize("command", ["top", "watch"])
def test_who_draws_on_a_terminal_that_goes_away_ends_with_one_line(server: ServerProcess, command: str) -> None:
    process, near, _ = begun(server, command)
    os.close(near)
    try:
        _, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert (process.returncode, complaint) == (1, b"python -m client: the terminal is gone\n")
