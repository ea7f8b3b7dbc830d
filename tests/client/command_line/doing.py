"""Doing what a command line asks for, in this process, beside it, or on a terminal."""

import os
import pty
import subprocess
import sys

import pytest

from client.__main__ import main
from tests.programs import ROOT

__all__ = ["COMMAND", "done", "on_a_terminal"]

COMMAND = (sys.executable, "-m", "client")


def done(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit status, and what was written; in this process, which is quicker."""
    try:
        status = main(words)
    except SystemExit as ending:
        status = int(ending.code or 0)
    said = capfd.readouterr()
    return status, said.out, said.err


def on_a_terminal(*words: str, rich: bool = True) -> tuple[int, str]:
    """The exit status, and all that a terminal was sent."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm-256color"}
    hidden = "" if rich else "import sys; sys.modules['rich'] = sys.modules['rich.console'] = None; "
    program = f"{hidden}from client.__main__ import main; raise SystemExit(main())"
    command = [sys.executable, "-c", program, *words]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65536):
            said += piece
    except OSError:  # so a pseudo terminal says that the other end is closed
        pass
    os.close(ours)
    return process.wait(), said.decode()
