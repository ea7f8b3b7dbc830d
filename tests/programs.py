"""Programs of other people (PHP, Perl, the gearman commands) run beside a test, line by line.

A test and a program keep in step by what is said: the test waits for a line the program prints, or gives it
a line on its standard input. Nobody sleeps, and every wait has an end.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

PATIENCE_SECONDS = 30.0
ROOT = Path(__file__).parent.parent


class ProgramEndedError(Exception):
    """The program ended, or fell silent, before it said what was waited for; the message is all it said."""


def require_program(program: str, package: str) -> None:
    """Skips the test if a program is missing, or fails it where everything must be there (CI)."""
    if shutil.which(program) is None:
        missing(f"{program} is not installed; Debian's package {package} has it")


def missing(sentence: str) -> None:
    """Skips the test with this sentence, or fails it if REQUIRE_INTEROP is 1."""
    if os.environ.get("REQUIRE_INTEROP") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


class Program:
    """A running program, made by `open_program`. It is read only while something is waited for."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._unread = b""
        self._heard = 0
        self.lines: list[str] = []

    async def wait_line(self, text: str) -> str:
        """The next line that contains `text`, counted from the one last waited for.

        Raises:
            ProgramEndedError: it ended, or PATIENCE_SECONDS passed, without such a line.
        """
        more = True
        with trio.move_on_after(PATIENCE_SECONDS):
            while more:
                for number in range(self._heard, len(self.lines)):
                    if text in self.lines[number]:
                        self._heard = number + 1
                        return self.lines[number]
                more = await self._read()
        raise ProgramEndedError(f"no line with {text!r} in:\n{self.said}")

    async def say(self, line: str) -> None:
        """Gives the program one line on its standard input."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(line.encode() + b"\n")

    def send_signal(self, number: signal.Signals) -> None:
        """Sends the program a signal."""
        self._process.send_signal(number)

    async def end_input(self) -> None:
        """Closes the program's standard input."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()

    async def wait(self) -> int:
        """Reads the program's last words and waits for its own end; returns the exit status.

        Raises:
            ProgramEndedError: it had not ended after PATIENCE_SECONDS.
        """
        with trio.move_on_after(PATIENCE_SECONDS):
            while await self._read():
                pass
            return await self._process.wait()
        raise ProgramEndedError(f"it does not end, after:\n{self.said}")

    async def aclose(self) -> None:
        """Kills the program if it still runs."""
        self._process.kill()
        with trio.CancelScope(shield=True):  # it has been killed: this ends at once
            await self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    await pipe.aclose()

    @property
    def said(self) -> str:
        """All lines it has said and we have read."""
        return "\n".join(self.lines)

    async def _read(self) -> bool:
        assert self._process.stdout is not None
        piece = await self._process.stdout.receive_some()
        *whole, self._unread = (self._unread + piece).split(b"\n")
        if not piece and self._unread:
            whole, self._unread = [self._unread], b""
        self.lines += [line.decode(errors="backslashreplace") for line in whole]
        return bool(piece)


@asynccontextmanager
async def open_program(*command: str | Path, folder: Path = ROOT) -> AsyncIterator[Program]:
    """Starts a program, as a rule in the project's folder, stderr joined to stdout; the end of the block kills it.

    Args:
        command: the program and its arguments.
        folder: where it is started.
    """
    words = [str(word) for word in command]
    pipe = subprocess.PIPE
    joined = subprocess.STDOUT
    process = await trio.lowlevel.open_process(words, stdin=pipe, stdout=pipe, stderr=joined, cwd=folder)
    program = Program(process)
    try:
        yield program
    finally:
        await program.aclose()


async def run_program(*command: str | Path) -> str:
    """Runs a program to its end and returns all it printed.

    Raises:
        ProgramEndedError: its exit status was not 0, or it did not end in time.
    """
    async with open_program(*command) as program:
        status = await program.wait()
        if status != 0:
            raise ProgramEndedError(f"exit status {status}, after:\n{program.said}")
        return program.said
