"""One entry of gearmand's queue, whichever module kept it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from protocol import Priority

BATCH_ENTRIES: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
"""A batch ends when it holds so many entries or bytes of payload; one larger payload is a batch alone."""

MAX_PAYLOAD_BYTES: Final = 200 * 1024 * 1024
"""Below what a pipe to our store keeps unsent (256 MiB). libgearman's clients do not send anything near it."""

MAX_UNIQUE: Final = 64
"""gearmand refuses longer ones, and of 64 bytes it keeps 63."""


class SourceError(Exception):
    """The source cannot be read, or is not gearmand's: one line that says what to do. No password stands in it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as gearmand kept it."""

    name: str
    """Where it was found, for people: ``row 7``, ``key '_gear_-mail-u1'``."""
    function: bytes
    unique: bytes
    payload: bytes = field(repr=False)
    priority: Priority
    run_at: int
    """Unix seconds; 0 for at once."""
    place: object
    """By which the reader finds it again."""
    cut: bool = False
    """Whether its unique had 64 bytes, of which gearmand kept 63."""

    @property
    def stands_for_several(self) -> bool:
        """Whether other jobs may have been lost under the same key: gearmand keeps one per function and unique."""
        return self.unique in (b"", b"-")


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that is not understood, or not with certainty."""

    name: str
    why: str
    """What is wrong with it and what to do, to be read behind the name."""
    kind: str
    """The reason in few words, by which such entries are counted."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The next part of a queue, in its order as far as the module keeps one."""

    entries: Sequence[Entry] = ()
    refused: Sequence[Refused] = ()
    vanished: int = 0
    """Entries that were deleted while we read: somebody works on this queue."""


class QueueReader(Protocol):
    """A queue of gearmand, opened for reading."""

    @property
    def words(self) -> str:
        """Where it is, for people; without a password."""

    @property
    def keeps_order(self) -> bool:
        """Whether jobs come in the order in which they were submitted."""

    def served_by(self) -> str:
        """Who works on this queue now, in words; empty when nobody is seen. Raises SourceError."""

    def perhaps_served_by(self) -> str:
        """Who may work on it; told, not relied upon."""

    def next_batch(self) -> Batch | None:
        """The next part; None at the end. Raises SourceError."""

    def delete(self, entries: Sequence[Entry]) -> int:
        """Delete these, unless they have changed since they were read; returns how many. Raises SourceError."""

    def close(self) -> None:
        """Let go of the source."""
