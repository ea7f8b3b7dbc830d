"""The pid file: the process id in decimal and a line end, for as long as the process serves.

gearmand overwrites a file that is there already, and a second instance removes the first one's at its end
(Gearman protocol: the gearmand command line). Here it is overwritten too, for a crashed broker leaves one
behind; but it is removed only while it still holds our own id.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_log: Final = logging.getLogger(__name__)


class PidFileError(Exception):
    """The pid file cannot be written: tell the line and end with status 1, for somebody waits for it."""


@contextmanager
def pid_file(path: Path | None) -> Iterator[None]:
    """Keep this process's id in a file during the block; with None, keep nothing.

    Raises:
        PidFileError: it cannot be written. The block does not run.
    """
    if path is None:
        yield
        return
    pid = os.getpid()
    # Written in place and not moved there: the file is often made for us in a directory that we may not
    # write.
    try:
        path.write_text(f"{pid}\n", encoding="ascii")
    except OSError as error:
        raise PidFileError(
            f"--pid-file: {path} cannot be written ({error.strerror}); name a place that this user may write"
        ) from error
    try:
        yield
    finally:
        _remove(path, pid)


def _remove(path: Path, pid: int) -> None:
    """Remove the file if it is ours. The broker has ended by now, so a failure is told and nothing more."""
    try:
        if path.read_bytes().strip() == str(pid).encode():
            path.unlink()
    except FileNotFoundError:
        pass  # somebody cleaned up before us
    except OSError as error:
        _log.warning("the pid file %s stays behind (%s); remove it by hand", path, error.strerror)
