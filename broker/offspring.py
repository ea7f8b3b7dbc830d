"""One of the supervisor's processes, or rather its place: who is in it now, and when the next one comes."""

import json
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final, NoReturn

from broker.arriving import held_back
from broker.daemon import flush
from persistence.backoff import Backoff

LIVED_SECONDS: Final = 10.0
"""Who has lived so long did not die of its start: the next one comes as soon as after a first death."""
_RECEIVE_BYTES: Final = 65_536


class Offspring:
    """One place.

    Attributes:
        pid: who is in it; 0 is nobody.
        is_up: whether it listens.
        lines: why it could not start, as it has told.
        due_at: when the next one is to be started, if nobody is in it (`time.monotonic`).
        heard_at: when it last said something, or was started.
        away: why the store is out of its reach; None: it is not.
        owed: a signal that it will get when it is up.
    """

    def __init__(self, number: int, of: int) -> None:
        """An empty place."""
        self.pid = 0
        self.is_up = False
        self.lines: list[str] = []
        self.due_at = math.inf
        self.heard_at = 0.0
        self.away: str | None = None
        self.owed: int | None = None
        self.told = ""
        self.link: socket.socket | None = None
        self._which = f"{number} of {of}"
        self._started_at = 0.0
        self._unread = b""
        self._backoff = Backoff()

    @property
    def name(self) -> str:
        """How it is called in the log."""
        return f"process {self.pid} ({self._which})"

    def start(self, work: Callable[[socket.socket], int], held: tuple[signal.Signals, ...]) -> socket.socket:
        """Fork a process that does this work, given its end of the link, and ends; returns our end.

        The signals `held` reach neither process before `work` has begun, which has to deal with them.

        Raises:
            OSError: the system has no room for another; the place stays empty.
        """
        self._started_at = time.monotonic()
        link, theirs = socket.socketpair()
        flush()  # or both processes would write what is in the buffers
        with theirs, held_back(held):
            try:
                pid = os.fork()
            except OSError:
                link.close()
                raise
            if pid == 0:
                link.close()
                _do(work, theirs)
        link.setblocking(False)
        self.pid, self.link, self.is_up, self.lines, self._unread, self.owed = pid, link, False, [], b"", None
        self.due_at, self.away = math.inf, None
        self.heard_at = self._started_at
        return link

    def hear(self) -> Iterator[dict[str, object]]:
        """What it has said since."""
        if self.link is None:
            return
        try:
            said = self.link.recv(_RECEIVE_BYTES)
        except (BlockingIOError, ConnectionError):
            return
        *whole, self._unread = (self._unread + said).split(b"\n")
        self.heard_at = time.monotonic()
        yield from map(json.loads, whole)

    def send(self, number: int) -> None:
        """Send it a signal, if there is anybody. It is our child, so its number is nobody else's."""
        if self.pid:
            os.kill(self.pid, number)

    def ended(self) -> int | None:
        """Its exit status, negative for a signal, if it has ended; None as long as it has not."""
        pid, status = os.waitpid(self.pid, os.WNOHANG) if self.pid else (0, 0)
        return os.waitstatus_to_exitcode(status) if pid else None

    def leave(self) -> None:
        """It has ended, and nobody is here now."""
        assert self.link is not None
        self.link.close()
        self.pid, self.link, self.is_up = 0, None, False

    def pause(self) -> float:
        """How long the place is to stay empty; from now on it is due then."""
        now = time.monotonic()
        if now - self._started_at > LIVED_SECONDS:
            self._backoff.reset()
        seconds = self._backoff.next_seconds()
        self.due_at = now + seconds
        return seconds


def _do(work: Callable[[socket.socket], int], link: socket.socket) -> NoReturn:
    """Work in a process that was forked, and end it without running what its parent has yet to do."""
    status = 1
    try:
        # A group of its own: Ctrl-C at the terminal is for the supervisor, which passes it on; twice would be one too
        # many. In the session of the supervisor, so that whoever ends that ends this, too.
        os.setpgid(0, 0)
        status = work(link)
    except (Exception, BaseExceptionGroup, KeyboardInterrupt, SystemExit):  # noqa: BLE001 - the last place to tell it
        sys.excepthook(*sys.exc_info())
    finally:
        flush()
        os._exit(status)
