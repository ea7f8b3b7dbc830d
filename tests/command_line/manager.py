"""A service manager such as systemd, as far as it hears what it is told."""

import socket
import time
from pathlib import Path

from tests.command_line.background import PATIENCE_SECONDS

__all__ = ["Manager", "NotToldError"]


class NotToldError(Exception):
    """After PATIENCE_SECONDS something had not been told, though other things may have been."""


class Manager:
    """Where one listens for the length of a block.

    Attributes:
        path: the address to give those it starts, as NOTIFY_SOCKET.
    """

    def __init__(self, folder: Path) -> None:
        self.path = f"{folder}/notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._lines: list[bytes] = []

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def hears(self, what: bytes) -> bytes:
        """The next line that begins so.

        Raises:
            NotToldError: there is none. Pings come without end, so that to wait for the next message is not enough.
        """
        last_moment = time.monotonic() + PATIENCE_SECONDS
        while True:
            while self._lines:
                line = self._lines.pop(0)
                if line.startswith(what):
                    return line
            left = last_moment - time.monotonic()
            if left <= 0:
                raise NotToldError(what)
            self._socket.settimeout(left)
            try:
                self._lines = self._socket.recv(1000).splitlines()
            except TimeoutError:
                raise NotToldError(what) from None

    def take_no_more(self) -> None:
        """Let others say so much that whatever is said from now on is lost, until it is listened to."""
        takes = True
        while takes:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
                other.setblocking(False)
                try:
                    other.sendto(b"OTHER=1", self.path)
                except BlockingIOError:
                    takes = False
