"""The process behind the fixtures, as the tests' process sees it."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

__all__ = ["Hosting", "HostingError"]

STOP_SECONDS = 20.0


class HostingError(Exception):
    """The process that runs the brokers has ended; what it said is on standard error."""


class Hosting:
    """Starts the process, asks it for brokers, and ends it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "gearman_testing.host"]
        # In a group of its own: Ctrl-C is for the tests, and this ends after them.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, text=True
        )
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def ask(self, wish: Mapping[str, object]) -> object:
        """What the process answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            try:
                self._process.stdin.write(json.dumps(wish) + "\n")
                self._process.stdin.flush()
                answer = self._process.stdout.readline()
            except (BrokenPipeError, ValueError):  # it has ended, or was ended by us
                answer = ""
        if not answer:
            raise HostingError(
                f"the process that runs the brokers ended with status {self._process.wait(STOP_SECONDS)}"
            )
        told: object = json.loads(answer)
        return told
