"""What can go wrong with the store, named by what the catcher can do about it.

A message is one line and carries no password; it may go into a log or an ERROR packet as it stands.
"""

from __future__ import annotations

from typing import Self


class StoreError(Exception):
    """The store could not do what was asked."""


class StoreUnavailableError(StoreError):
    """The store did not answer: try again later.

    Attributes:
        sent: True when the command had left for Redis, which may have executed it or do so yet;
            False when it never left, and never will.
        because: what Redis said when it was last looked for, if it said something.
    """

    def __init__(self, text: str, *, sent: bool = False, because: StoreError | None = None) -> None:
        super().__init__(text if because is None else f"{text}: {because}")
        self.sent = sent
        self.because = because


class NoRoomError(StoreUnavailableError):
    """This process may not open or start what it takes to reach the store; the message says what would make room."""


class TooFewReplicasError(StoreUnavailableError):
    """Redis has it, and fewer of its replicas than the operator wants: it may be lost, or not."""


class StoreRefusedError(StoreError):
    """Redis answered with an error: nothing was done, unless a script failed half-way.

    Attributes:
        word: the first word of the error reply, which tells its kind: ``OOM``, ``READONLY``, ``NOPERM``,
            ``ERR``.
        text: the rest of it, for people.
    """

    def __init__(self, word: str, text: str) -> None:
        super().__init__(f"{word} {text}" if text else word)
        self.word = word
        self.text = text

    @classmethod
    def from_reply(cls, line: str) -> Self:
        """Split the line of an error reply, taken without its leading ``-``, into its word and its text."""
        word, _, text = line.partition(" ")
        return cls(word, text)


class StoreVersionError(StoreError):
    """The server, or the data in it, is of a version that cannot be worked with."""


class StoreClusterError(StoreError):
    """What was named as a cluster is none, or not whole."""


class UnknownMasterError(StoreError):
    """The sentinels that were asked know no master of the name that was given, or none was given."""


class StoreForgetsError(StoreError):
    """The store may lose what it has confirmed, and the operator wants none of that kind."""


class EmbeddedStoreError(StoreError):
    """The embedded store cannot be started or reached: its data directory says why."""
