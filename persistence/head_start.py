"""Launching the embedded store early: it starts while Python still imports what will use it.

Only what the standard library has is imported here. Nothing is decided: the server is launched under the very locks by
which `persistence.embedded` does it later, and then finds it; what cannot be launched here is left to that, which
also says why. A server that nobody came for is stopped.
"""

from __future__ import annotations

import platform
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from persistence.data_directory import DataDirectory
from persistence.errors import EmbeddedStoreError
from persistence.filelock import FileLock
from persistence.valkey_binary import find_valkey_server
from persistence.valkey_command import command_line
from persistence.valkey_log import turn_over

STOP_SECONDS: Final = 5.0
"""How long a server that nobody came for is told to end; the next broker of the directory finds what is left."""
_LOOK_SECONDS: Final = 0.01


@contextmanager
def head_start(directory: Path) -> Iterator[Callable[[], object]]:
    """Launch the store of a directory unless it lives; after the block, stop it if it was launched here for nobody.

    What is yielded waits until the server is on its own: its launcher has ended, and is no child of ours any more.
    """
    home = DataDirectory(directory.absolute())
    launcher = None
    with suppress(EmbeddedStoreError, OSError):
        launcher = _launch(home)
    wait: Callable[[], object] = nothing_to_wait_for if launcher is None else launcher.wait
    try:
        yield wait
    finally:
        if launcher is not None:
            wait()
            with suppress(OSError):
                _stop_if_unused(home)


def nothing_to_wait_for() -> None:
    """Nothing was launched."""


def _launch(home: DataDirectory) -> subprocess.Popen[bytes] | None:
    home.prepare()
    with FileLock(home.deciding) as deciding, FileLock(home.alive) as alive:
        if not (deciding.try_exclusive() and alive.try_exclusive()):
            return None
        binary = find_valkey_server(platform.system(), platform.machine())
        home.probe()
        turn_over(home.log)
        nothing = subprocess.DEVNULL
        # As in persistence.valkey_launch, but waited for by nobody.
        return subprocess.Popen(
            command_line(binary, home),
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            pass_fds=(alive.fileno(),),
            start_new_session=True,
            umask=0o077,
            cwd="/",
        )


def _stop_if_unused(home: DataDirectory) -> None:
    with FileLock(home.deciding) as deciding, FileLock(home.users) as users:
        if not (deciding.try_exclusive() and users.try_exclusive()):
            return
        last_moment = time.monotonic() + STOP_SECONDS
        with FileLock(home.alive) as alive:
            while not alive.try_exclusive() and time.monotonic() < last_moment:
                with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
                    line.settimeout(STOP_SECONDS)
                    line.connect(str(home.socket))
                    line.sendall(b"SHUTDOWN NOSAVE NOW FORCE\r\n")
                    while line.recv(1024):
                        pass
                time.sleep(_LOOK_SECONDS)
