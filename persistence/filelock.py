"""A file that processes lock among themselves: several share it, or one has it alone.

The lock is flock(2)'s, for what it promises: it belongs to the open file, so the kernel drops it when
the last descriptor goes, at a clean end and at kill -9 alike. No lock can be left behind by the dead,
and no process id in a file has to be believed. The files themselves stay: to unlink a locked file would
let two processes lock two different files of one name.

Nothing here waits, so nothing here needs trio: `persistence.waiting` does both.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self


class FileLock:
    """An open lock file. Nothing is locked until one of the verbs says so; closing it lets go.

    The descriptor is not inherited by programs that this process starts, unless it is handed to them on
    purpose.

    Args:
        path: the file; created with mode 600 if it is missing.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The lock file."""
        return self._path

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file, and not to another or to nothing."""
        try:
            there = self._path.stat()
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def fileno(self) -> int:
        """The descriptor, to read and write the file, or to hand it to a program together with the lock."""
        return self._descriptor

    def try_exclusive(self) -> bool:
        """Take the lock alone, if nobody else has it in any way.

        A shared lock held here is given up for it, and is gone when the answer is False.
        """
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take the lock together with others, if nobody has it alone."""
        return self._try(fcntl.LOCK_SH)

    def close(self) -> None:
        """Let go. A program that was handed the descriptor still holds the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
