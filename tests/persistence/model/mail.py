"""What brokers are told of jobs that run elsewhere: a mailbox for each, until it is read."""

from typing import Final

ENTRY_BYTES: Final = 64


class Mail:
    """The mailboxes of all incarnations.

    Args:
        too_full_bytes: more than that no mailbox takes; an empty one takes anything.
    """

    def __init__(self, too_full_bytes: int) -> None:
        self.letters: dict[bytes, list[tuple[bytes, bytes, bytes]]] = {}
        self.held: dict[bytes, int] = {}
        """How many bytes each counts."""
        self._too_full_bytes = too_full_bytes

    def has_room(self, to: bytes, payload: bytes) -> bool:
        """Whether a letter with this payload may be put."""
        held = self.held.get(to, 0)
        return not held or held + len(payload) + ENTRY_BYTES <= self._too_full_bytes

    def put(self, to: bytes, job: bytes, kind: bytes, payload: bytes) -> None:
        """A broker is told something of a job."""
        self.letters.setdefault(to, []).append((job, kind, payload))
        self.held[to] = self.held.get(to, 0) + len(payload) + ENTRY_BYTES

    def read(self, me: bytes, entries: int) -> None:
        """The first of them were read, and are thrown away."""
        read, kept = self.letters[me][:entries], self.letters[me][entries:]
        self.held[me] -= sum(len(payload) + ENTRY_BYTES for *_, payload in read)
        self.letters[me] = kept
        if not kept:
            self.drop(me)

    def drop(self, me: bytes) -> None:
        """Nobody will read it any more."""
        self.letters.pop(me, None)
        self.held.pop(me, None)
