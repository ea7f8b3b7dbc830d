"""Brokers that go on in the background: started by a command that ends, and found by their pid files."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.ports import private_port

PATIENCE_SECONDS: Final = 60.0
BY_MODULE: Final = (sys.executable, "-m", "broker")


class StillThereError(Exception):
    """A process had not ended after PATIENCE_SECONDS."""


class Background:
    """A command line in a folder of its own, with a free port, and the broker that it leaves in the background."""

    def __init__(self, folder: Path, *flags: str, pid: Path | None = None) -> None:
        """Prepare it; `pid`: another folder for the pid file."""
        self.port = private_port()
        self.data_dir = folder / "data"
        self.pid_file = (pid or folder) / "pid"
        where = (f"--port={self.port}", f"--data-dir={self.data_dir}", f"--pid-file={self.pid_file}")
        self.words = ("-d", *where, *flags)

    @property
    def pid(self) -> int:
        """The process id in the pid file."""
        return int(self.pid_file.read_text())

    def start(self, program: tuple[str, ...] = BY_MODULE, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the command to its end, which does not come before nobody holds its stdout and stderr any more."""
        return ended([*program, *self.words], **variables)

    @contextmanager
    def started(self, *, then: signal.Signals = signal.SIGTERM) -> Iterator[int]:
        """The process id of a broker in the background, which a signal ends with the block."""
        done = self.start()
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
        pid = self.pid
        try:
            yield pid
        finally:
            end(pid, then)


def ended(words: list[str], **variables: str) -> "subprocess.CompletedProcess[str]":
    """What a command said until it ended."""
    environment = {**os.environ, **variables}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)


def end(pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Send a signal to a process that is nobody's child, and return when it has gone."""
    process = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(process, number)
        if not select.select([process], [], [], PATIENCE_SECONDS)[0]:
            raise StillThereError(pid)
    finally:
        os.close(process)
