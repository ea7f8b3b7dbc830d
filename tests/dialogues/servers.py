"""The two servers that every dialogue is held with, one process for each set of flags."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.dialogues.notation import GEARMAND as THEIRS
from tests.dialogues.notation import OURS, Dialogue
from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from tests.programs import missing

__all__ = ["KINDS", "Servers"]

KINDS: Final = (OURS, THEIRS)


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
        if shutil.which(GEARMAND) is None:
            missing("gearmand is not installed; Debian's package gearman-job-server has it")
        return FlaggedGearmand(self._new_directory(), *flags)
