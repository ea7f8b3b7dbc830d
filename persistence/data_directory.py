"""The directory of the embedded store: what is in it, and whether a server could live there.

Everything that can be wrong with it is found out before a server is started, because the server's own words
about it would go into a log file in that very directory.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from persistence.errors import EmbeddedStoreError
from persistence.own_limits import room_for_more

LONGEST_SOCKET_PATH = 107 if sys.platform == "linux" else 103
"""What fits into sockaddr_un.sun_path without its closing NUL: unix(7) on Linux; macOS and BSD have 104."""
PROBE_BYTES = 64 * 1024
"""On a full disk the server starts, and ends at its first write. So room for some writes is tried before."""


def default_data_dir() -> Path:
    """Where the embedded store is unless told otherwise: where the platform wants state to be kept.

    systemd makes the directories that a unit names by ``StateDirectory=``, and says where they are. Users that it runs
    services as often have a home that is not there.
    """
    given, _, _ = os.environ.get("STATE_DIRECTORY", "").partition(":")
    if given:
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/trio-gearman")
    # Imported where it is needed: root, a unit of systemd and --data-dir do without, and it takes as long as a store.
    try:
        path: Path = import_module("platformdirs").user_state_path("trio-gearman")
    except RuntimeError:  # a user that is a number alone, as in a container, and no HOME: Docker and systemd then say /
        return Path("/.local/state/trio-gearman")
    return path


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """An embedded store's directory, and who has what in it. The server keeps its data in `appendonlydir`."""

    path: Path

    @property
    def socket(self) -> Path:
        """Where the server listens. A short name: the whole path has to fit into a socket address."""
        return self.path / "store.sock"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.path / "store.log"

    @property
    def pid(self) -> Path:
        """The server's process id, for people. Nothing here reads it."""
        return self.path / "store.pid"

    @property
    def alive(self) -> Path:
        """The lock that a server holds as long as it lives."""
        return self.path / "store.alive"

    @property
    def users(self) -> Path:
        """The lock that all brokers share that use the store."""
        return self.path / "store.users"

    @property
    def deciding(self) -> Path:
        """The lock that a broker holds alone while it joins, leaves, starts or stops the server."""
        return self.path / "store.deciding"

    def prepare(self) -> None:
        """Make the directory, for our eyes only, unless it is there; check the length of the socket's path.

        Raises:
            EmbeddedStoreError: one line says what is wrong, and with which path.
        """
        length = len(os.fsencode(self.socket))
        if length > LONGEST_SOCKET_PATH:
            raise EmbeddedStoreError(
                f"the path {self.socket} has {length} bytes, and a unix socket allows {LONGEST_SOCKET_PATH}:"
                " choose a shorter data directory"
            )
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self.unusable(error) from error

    def probe(self) -> None:
        """Write some bytes to the disk and delete them again.

        Raises:
            EmbeddedStoreError: the directory cannot be written, or its disk is full.
        """
        path = self.path / "store.probe"
        try:
            try:
                with path.open("wb") as file:
                    file.write(bytes(PROBE_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise self.unusable(error) from error

    def unusable(self, error: OSError) -> EmbeddedStoreError:
        """What to raise when the system refuses something in this directory."""
        if isinstance(error, FileExistsError | NotADirectoryError):
            return EmbeddedStoreError(f"cannot use the data directory {self.path}: it is, or is below, a file")
        todo = "mend that, or choose another directory"
        if isinstance(error, PermissionError):
            todo = "let this user write there, or name another by --data-dir (in a systemd unit: StateDirectory=)"
        if room := room_for_more(error):
            todo = room
        return EmbeddedStoreError(f"cannot use the data directory {self.path}: {error.strerror}; {todo}")
