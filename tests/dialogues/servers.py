"""The two servers that every dialogue is held with, one process for each set of flags."""

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from tests.dialogues.notation import GEARMAND as THEIRS
from tests.dialogues.notation import OURS, Dialogue
from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from tests.programs import missing

__all__ = ["KINDS", "Servers", "require_gearmand"]

KINDS: Final = (OURS, THEIRS)
WRITTEN_DOWN_FROM: Final = "1.1.20"
"""The version of gearmand."""


class FlaggedGearmand(GearmandProcess):
    """Debian's gearmand with more flags."""

    def __init__(self, directory: Path, *flags: str) -> None:
        super().__init__(directory)
        self.flags = flags

    def command(self) -> list[str]:
        """The words that start it."""
        return [*super().command(), *self.flags]


class Servers:
    """Starts each server when a dialogue first needs it, and keeps it for all the others."""

    def __init__(self, new_directory: Callable[[], Path]) -> None:
        self._new_directory = new_directory
        self._running: dict[tuple[str, tuple[str, ...], str], ServerProcess] = {}

    def find(self, kind: str, dialogue: Dialogue) -> ServerProcess:
        """The server for this dialogue; skips the test where there is none."""
        key = (kind, dialogue.flags, dialogue.promise if dialogue.alone else "")
        if key not in self._running:
            server = self._new(kind, dialogue.flags)
            server.start()
            self._running[key] = server
        return self._running[key]

    def done_with(self, kind: str, dialogue: Dialogue) -> None:
        """Stop the server of a dialogue that wanted one alone."""
        if dialogue.alone:
            server = self._running.pop((kind, dialogue.flags, dialogue.promise), None)
            if server is not None:
                server.clean_up()

    def clean_up(self) -> None:
        """Stop them all."""
        for server in self._running.values():
            server.clean_up()

    def _new(self, kind: str, flags: tuple[str, ...]) -> ServerProcess:
        if kind == OURS:
            return BrokerProcess(self._new_directory() / "data", *flags)
        require_gearmand()
        return FlaggedGearmand(self._new_directory(), *flags)


def require_gearmand() -> None:
    """Skips the test, or fails it in CI, unless the gearmand is here that the dialogues were written down from."""
    if shutil.which(GEARMAND) is None:
        missing("gearmand is not installed; Debian's package gearman-job-server has it")
    version = _version()
    if not re.search(rf"\b{re.escape(WRITTEN_DOWN_FROM)}\b", version):
        missing(f"the dialogues were written down from gearmand {WRITTEN_DOWN_FROM}; here is {version!r}")


@cache
def _version() -> str:
    return subprocess.run([GEARMAND, "--version"], capture_output=True, text=True, check=False).stdout.strip()
