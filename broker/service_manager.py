"""Telling the service manager how far we are: systemd's protocol (sd_notify(3)), which others speak too.

With ``Type=notify`` in its unit, what depends on the broker starts when it listens, and not when it was launched.
Nothing happens where nobody set NOTIFY_SOCKET.
"""

import os
import socket
from contextlib import suppress
from typing import Final

STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"
PINGS_PER_INTERVAL: Final = 2
"""sd_watchdog_enabled(3) advises every half of the time."""
_MICROSECONDS: Final = 1_000_000


def ready(how: str) -> str:
    """What is said when we listen. With our number, for with ``--daemon`` it is not the one that was started."""
    return f"READY=1\nMAINPID={os.getpid()}\n{status(how)}"


def status(how: str) -> str:
    """What ``systemctl status`` is to show: how we are, on one line."""
    return f"STATUS={how}"


def waits_for_store(reason: str | None) -> str:
    """How we are while the store is away, with the reason; nothing if it is not."""
    return "" if reason is None else f"Waits for the store: {reason}"


def tell_service_manager(state: str) -> None:
    """Say this, if somebody wants to know. A manager that does not listen is its own affair."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        address = "\0" + path[1:] if path.startswith("@") else path  # the abstract namespace of unix(7)
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(state.encode(), address)


def watchdog_seconds() -> float | None:
    """After how long a silence we are taken for stuck and killed; None: never.

    To be asked in the process that was started, before it goes into the background: WATCHDOG_PID names that one.
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return None
    return int(microseconds) / _MICROSECONDS or None
