"""What a broker may leave in this process or in its data directory, and must not."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import trio

from persistence.filelock import FileLock


class Held(NamedTuple):
    """What this process has."""

    tasks: int
    descriptors: int


def held() -> Held:
    """Now."""
    return Held(trio.lowlevel.current_statistics().tasks_living, len(list(Path("/proc/self/fd").iterdir())))


def identities_are_free(folder: Path) -> None:
    """Nobody has an identity of this data directory."""
    for path in folder.glob("identity-*"):
        with FileLock(path) as lock:
            assert lock.try_exclusive(), path


@contextmanager
def without_a_defect() -> Iterator[None]:
    """A block in which the log must not tell of one."""
    defects = _Defects()
    logging.getLogger().addHandler(defects)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(defects)
    assert not defects.lines, defects.lines


class _Defects(logging.Handler):
    """Keeps what the log says of defects, and of a descriptor that was used after it was closed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        text = record.getMessage()
        if "defect" in text or "Bad file descriptor" in text:
            self.lines.append(text)
