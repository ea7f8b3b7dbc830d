"""Telling a supervisor how far we are: systemd's protocol (sd_notify(3)), which others speak too.

With ``Type=notify`` in its unit, what depends on the broker starts when it listens, and not when it was launched.
Nothing happens where nobody set NOTIFY_SOCKET.
"""

import os
import socket
from contextlib import suppress
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


def tell_supervisor(state: str) -> None:
    """Say this, if somebody wants to know. A supervisor that does not listen is its own affair."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        address = "\0" + path[1:] if path.startswith("@") else path  # the abstract namespace of unix(7)
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(state.encode(), address)
