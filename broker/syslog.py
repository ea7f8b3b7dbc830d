"""``--syslog``: the log's lines for the system's log, as datagrams to /dev/log.

Not the standard library's handler, nor its module `syslog`: both wait for a syslog daemon that does not read, and
with them would wait everything that this broker serves. Here such lines are lost, which is told once.
"""

import logging
import os
import socket
from typing import Final

from broker.logs import ALERT, NOTICE
from broker.terminal import complain

DEV_LOG: Final = "/dev/log"
FACILITY_DAEMON: Final = 3 << 3  # RFC 5424, section 6.2.1
LONGEST: Final = 8192
"""Bytes of a line; daemons cut at the same length or before."""
# Severities of RFC 5424. FATAL is gearmand's heaviest, but not "emergency": that is shown on every terminal.
_SEVERITIES: Final = (
    (ALERT + 1, 2),
    (ALERT, 1),
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (NOTICE, 5),
    (logging.INFO, 6),
)
_DEBUG: Final = 7


class SyslogHandler(logging.Handler):
    """Sends lines to the system's log, for as long as it listens, and again when it listens again."""

    def __init__(self, ident: str, path: str = DEV_LOG) -> None:
        """Prepare it: who we are in those lines, and where they go."""
        super().__init__()
        self._ident = ident
        self._path = path
        self._socket: socket.socket | None = None
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line, or lose it; nothing is waited for."""
        line = f"<{FACILITY_DAEMON | _severity(record.levelno)}>{self._ident}[{os.getpid()}]: {self.format(record)}"
        data = line.encode("utf-8", "backslashreplace")[:LONGEST]
        try:
            self._send(data)
        except OSError as error:
            if not self._failed:
                self._failed = True
                complain(
                    f"--syslog: {self._path} takes no lines ({error.strerror}); they are lost until it does: "
                    "start a syslog daemon, or use --log-file"
                )
        else:
            self._failed = False

    def close(self) -> None:
        """Send nothing more."""
        self._hang_up()
        super().close()

    def _send(self, data: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.send(data)
            except BlockingIOError:
                raise
            except OSError:  # the daemon was started anew, and its socket with it
                self._hang_up()
            else:
                return
        self._socket = _connect(self._path)
        self._socket.send(data)

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connect(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def _severity(level: int) -> int:
    return next((severity for least, severity in _SEVERITIES if level >= least), _DEBUG)
