"""The commands that wait to be sent, and what is kept of them when a connection breaks. Sends nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from persistence.posted import Posted


class Outbox:
    """A queue of commands, bounded in bytes.

    Attributes:
        waiting: what waits, oldest first.
        unsent_bytes: how long that is on the wire. A command kept over a break counts with its last length.
    """

    def __init__(self, max_bytes: int) -> None:
        self.waiting: deque[Posted] = deque()
        self.unsent_bytes = 0
        self.max_bytes = max_bytes

    def put(self, posted: Posted) -> bool:
        """Append a command; False, and nothing done, when there is no room for it."""
        unsent = self.unsent_bytes + posted.size
        if unsent > self.max_bytes:
            return False
        self.unsent_bytes = unsent
        self.waiting.append(posted)
        return True

    def take(self, enough_bytes: int) -> tuple[list[bytes], list[Posted]]:
        """Take out the next commands and their bytes, until those are enough or none is left.

        There are as many pieces as commands, unless some are long.
        """
        pieces: list[bytes] = []
        commands: list[Posted] = []
        waiting = self.waiting
        length = 0
        while waiting and length < enough_bytes:
            posted = waiting.popleft()
            self.unsent_bytes -= posted.size
            posted.leave(pieces)
            length += posted.size
            commands.append(posted)
        return pieces, commands

    def keep(self, in_flight: Iterable[Posted]) -> list[Posted]:
        """A connection broke with these in flight: keep what may be repeated, in front and in order.

        What waited behind them stays behind them. Whatever must not be repeated goes, even if it had not
        left: one rule, so that a caller need not ask how far its command had come.

        Returns:
            The commands that end here. Tell their callers only after this, for they may post again.
        """
        lost: list[Posted] = []
        kept: deque[Posted] = deque()
        for posted in (*in_flight, *self.waiting):
            if posted.again is None or posted.answer is None:
                lost.append(posted)
            else:
                posted.packed = None
                kept.append(posted)
        self._replace(kept)
        return lost

    def renew(self) -> None:
        """A connection is ready: what was posted before, and may be made anew, is made for it."""
        for posted in self.waiting:
            if posted.again is not None:
                posted.packed = None

    def drop_answered(self) -> None:
        """Forget the commands whose callers were told that it is too late: those never leave."""
        self._replace(deque(posted for posted in self.waiting if posted.answer is not None))

    def empty(self) -> list[Posted]:
        """Take out everything."""
        everything = list(self.waiting)
        self._replace(deque())
        return everything

    def _replace(self, waiting: deque[Posted]) -> None:
        self.waiting = waiting
        self.unsent_bytes = sum(posted.size for posted in waiting)
