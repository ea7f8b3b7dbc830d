"""Which uniques a submit may find held by another job, as far as is known here."""

from collections import OrderedDict
from typing import Final

MOST: Final = 4096
"""Of more, the longest known are forgotten."""


class Uniques:
    """Those of the jobs that run here, that were handed out here, and that were handed in here for later.

    It is a guess, for jobs come and go at other brokers, too: a worker may be woken in vain where it is wrong.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, unique: bytes) -> bool:
        return unique in self._held

    def note(self, unique: bytes) -> None:
        """A job has it, or will."""
        if unique:
            self._held[unique] = None
            if len(self._held) > MOST:
                self._held.popitem(last=False)

    def forget(self, unique: bytes) -> None:
        """A job that had it is over."""
        self._held.pop(unique, None)
