"""`python -m broker import` as a process, and what it says."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import trio

from tests.programs import ROOT

IMPORT_SECONDS = 120.0
"""For thousands of jobs on a busy machine."""

Result = TypeVar("Result")

_COUNT = re.compile(r"^(\S.*?) {2,}(\d+)\b|^  (\S.*?) +(\d+)$")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import said, and its exit status."""

    status: int
    said: str
    complaints: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The figures of the report that are not 0."""
        found = [_COUNT.match(line) for line in self.said.splitlines()]
        pairs = [(each[1] or each[3], int(each[2] or each[4])) for each in found if each]
        return {what: number for what, number in pairs if number}


def import_command(*words: str) -> list[str]:
    """The command of an import."""
    return [sys.executable, "-m", "broker", "import", *words]


async def run_import(*words: str) -> Imported:
    """Run an import to its end."""
    with trio.fail_after(IMPORT_SECONDS):
        ended = await trio.run_process(
            import_command(*words), capture_stdout=True, capture_stderr=True, check=False, cwd=ROOT
        )
    complaints = ended.stderr.decode("utf-8", "backslashreplace").splitlines()
    return Imported(ended.returncode, ended.stdout.decode("utf-8", "backslashreplace"), tuple(complaints))


@contextmanager
def started_import(*words: str, stderr: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """An import that is to be disturbed; killed at the end of the block if it still runs."""
    with subprocess.Popen(import_command(*words), stdout=subprocess.DEVNULL, stderr=stderr, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


async def in_time(wait: Callable[[], Result]) -> Result:
    """What an import's end brings. One that has none is left to `started_import`, which kills it."""
    with trio.fail_after(IMPORT_SECONDS):
        return await trio.to_thread.run_sync(wait, abandon_on_cancel=True)
