"""The process behind the fixtures, as the tests' process sees it."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self, cast

from gearman_testing.broker import TestBroker

__all__ = ["Hosting", "HostingError"]

STOP_SECONDS = 20.0


class HostingError(Exception):
    """The process that runs the brokers has ended, and they with it; what it said is on standard error."""


class Hosting:
    """Opens brokers, all in one process; where that has ended, in another from then on."""

    def __init__(self) -> None:
        self._process = HostProcess()
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.end()

    @contextmanager
    def broker(self) -> Iterator[TestBroker]:
        """A real broker with an empty queue for the length of the block: a second one, or one for a fixture of yours.

        Raises:
            HostingError: the process behind it has ended; the next broker gets another.
        """
        process = self._living()
        port = cast(int, process.ask({"do": "open"}))
        try:
            yield TestBroker(process.ask, port)
        finally:
            if not process.given_up:
                process.ask({"do": "close", "port": port})

    def _living(self) -> "HostProcess":
        with self._opening:
            if not self._process.alive:
                self._process.end()
                self._process = HostProcess()
            return self._process


class HostProcess:
    """One process, from its start to its end, and one question to it at a time."""

    def __init__(self) -> None:
        # Safely (-P): a file broker.py in the folder of the tests is theirs. In a group of its own: Ctrl-C is for the
        # tests, and this ends after them.
        command = [sys.executable, "-P", "-m", "gearman_testing.host"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, text=True
        )
        self._turn = threading.Lock()
        self.given_up: bool = False

    @property
    def alive(self) -> bool:
        """It can be asked."""
        return not self.given_up and self._process.poll() is None

    def ask(self, wish: Mapping[str, object]) -> object:
        """What the process answers; HostingError if it has ended.

        Interrupted, as by Ctrl-C or by pytest-timeout, it is given up: an answer that comes yet would be taken for the
        next one's.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            try:
                self._process.stdin.write(json.dumps(wish) + "\n")
                self._process.stdin.flush()
                answer = self._process.stdout.readline()
            except (BrokenPipeError, ValueError):  # it has ended, or was ended by us
                answer = ""
            except BaseException:
                self.given_up = True
                raise
        if not answer:
            raise HostingError(
                f"the process that runs the brokers ended with status {self._process.wait(STOP_SECONDS)}: its reason "
                "is on standard error, and the next test that wants a broker starts another"
            )
        told: object = json.loads(answer)
        return told

    def end(self) -> None:
        """Ends it, with all its brokers and its store."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended, with something left unread
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
