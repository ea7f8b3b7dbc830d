"""Telling the service manager how far we are: systemd's protocol (sd_notify(3)), which others speak too.

With ``Type=notify`` in its unit, what depends on the broker starts when it listens, and not when it was launched.
Nothing happens where nobody set NOTIFY_SOCKET.
"""

import os
import socket
from typing import Final

STOPPING: Final = "STOPPING=1"
_PING: Final = "WATCHDOG"
ALIVE: Final = f"{_PING}=1"
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


class ServiceManager:
    """Whoever started us, and wants to know. A manager that does not listen is its own affair.

    For one that does not keep up, whose socket then takes no more, nobody waits either. What it has missed goes with
    what it is told next, or it would take for starting for ever what has long been up: the pings that it does not need
    then are what fills its socket.
    """

    def __init__(self) -> None:
        """Nothing has been said yet."""
        self._missed: dict[str, str] = {}

    def tell(self, state: str) -> None:
        """Say this, if somebody wants to know."""
        path = os.environ.get("NOTIFY_SOCKET")
        if not path:
            return
        # By variable, for a manager may take the first of two values for the one that counts.
        said = {variable: value for variable, _, value in (line.partition("=") for line in state.splitlines())}
        self._missed |= said
        message = "\n".join(f"{variable}={value}" for variable, value in self._missed.items())
        address = "\0" + path[1:] if path.startswith("@") else path  # the abstract namespace of unix(7)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode(), address)
        except BlockingIOError:
            self._missed.pop(_PING, None)  # that we were alive is no news later
        except OSError:
            self._missed.clear()
        else:
            self._missed.clear()


def watchdog_seconds() -> float | None:
    """After how long a silence we are taken for stuck and killed; None: never.

    To be asked in the process that was started, before it goes into the background: WATCHDOG_PID names that one.
    """
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return None
    return int(microseconds) / _MICROSECONDS or None
