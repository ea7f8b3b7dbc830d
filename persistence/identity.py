"""Which broker of this directory we are, and what the one before us was called.

A broker takes a new incarnation at each start. The next broker under the same identity knows at once
that the incarnation before it is dead, because only one living process can hold the identity's lock; so
it may fence it and return its jobs without waiting until its presence has lapsed. Host and port would
prove nothing: with SO_REUSEPORT several brokers share them.

What an incarnation means, and what is done about a dead one, is not known here.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from persistence.errors import StoreError
from persistence.filelock import FileLock
from persistence.threads import written_in_thread

MOST_IDENTITIES = 4096
"""Brokers of one directory at one time. A bound for the search, far above what one machine runs."""
SLOT_BYTES = 512
"""A sector: what disks write whole or not at all."""
MOST_INCARNATION_BYTES = 200


@dataclass(frozen=True, slots=True)
class _Entry:
    """One incarnation as the file remembers it; of the two in a file, the higher turn is the later."""

    turn: int
    incarnation: bytes

    def packed(self) -> bytes:
        """A line for people and `unpacked`, filled up to the length of a slot."""
        text = f"{self.turn} {self.incarnation.hex() or '-'}".encode()
        line = b"%08x %s" % (zlib.crc32(text), text)
        return line.ljust(SLOT_BYTES - 1) + b"\n"

    @classmethod
    def unpacked(cls, slot: bytes) -> Self | None:
        """The entry of a slot; None when it was never written, or torn."""
        checksum, _, text = slot.rstrip().partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            return None
        try:
            turn, incarnation = text.decode("ascii").split(" ")
            return cls(int(turn), bytes.fromhex(incarnation.removeprefix("-")))
        except ValueError:
            return None


class Identity:
    """An identity that is ours until it is closed, or this process ends in whatever way.

    Use it in a `with`. It must not be carried over a fork: the child would hold the lock as well.

    Attributes:
        previous: the incarnation that the last holder wrote, who is certainly gone; None when there was none.
        path: the identity's file.
    """

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock
        self.path = lock.path
        last = max(_entries(lock.fileno()), key=lambda entry: entry.turn, default=_Entry(0, b""))
        self._turn = last.turn
        self.previous = last.incarnation or None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def write(self, incarnation: bytes) -> None:
        """Store our incarnation for whoever comes after us; empty: nobody needs to look for us.

        To be called after `previous` was dealt with, or it is forgotten, and before the incarnation is
        used, or nobody learns of it. Once this returns it is on the disk. Power lost meanwhile leaves
        the one before, or this one. Cancelled, it has not begun.

        Raises:
            StoreError: the file cannot be written; one line says why.
            ValueError: the incarnation has more than MOST_INCARNATION_BYTES.
        """
        if len(incarnation) > MOST_INCARNATION_BYTES:
            raise ValueError(f"an incarnation of {len(incarnation)} bytes; {MOST_INCARNATION_BYTES} fit")
        entry = _Entry(self._turn + 1, incarnation)
        await written_in_thread(partial(self._store, entry))
        self._turn = entry.turn  # only now: after a failure the same slot is written again

    def close(self) -> None:
        """Leave the identity to the next. What was written stays."""
        self._lock.close()

    def _store(self, entry: _Entry) -> None:
        # The two slots take turns, so that a torn write spoils the older entry and never the last one.
        try:
            os.pwrite(self._lock.fileno(), entry.packed(), entry.turn % 2 * SLOT_BYTES)
            os.fsync(self._lock.fileno())
        except OSError as error:
            raise StoreError(f"cannot write the identity {self.path}: {error.strerror}") from error


def claim_identity(directory: Path, name: str = "identity") -> Identity:
    """Take the first identity of a directory that no living process has: `name-0`, `name-1`, ...

    Args:
        directory: where the identities are; made with mode 700 if it is missing.
        name: what their files are called; brokers that share jobs use the same.

    Raises:
        StoreError: the directory cannot be used; one line says why.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(MOST_IDENTITIES):
            lock = FileLock(directory / f"{name}-{number}")
            if lock.try_exclusive():
                return Identity(lock)
            lock.close()
    except OSError as error:
        raise StoreError(f"cannot use an identity in {directory}: {error.strerror}") from error
    raise StoreError(f"all {MOST_IDENTITIES} identities of {directory} are taken by living processes: end some")


def _entries(descriptor: int) -> Iterator[_Entry]:
    for slot in range(2):
        entry = _Entry.unpacked(os.pread(descriptor, SLOT_BYTES, slot * SLOT_BYTES))
        if entry is not None:
            yield entry
