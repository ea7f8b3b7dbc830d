"""Writes to peers, once for all that one event had to say.

An event (a read from a peer, a read from Redis, a time limit) may say something to many sessions, and much to one.
They are marked, and written to when the event has been dealt with: one system call per connection. The same moment
ends the collecting of progress, of which only the latest counts.
"""

from collections.abc import Callable

from broker.writer import Writer


class Flusher:
    """Which peers have something to be written. `drain` starts a task for one that reads slowly."""

    def __init__(self, drain: Callable[[Writer], None]) -> None:
        self._drain = drain
        self._marked: list[Writer] = []
        self.before: Callable[[], None] = lambda: None
        """Called before every flush: the last to add something. Redis works while peers are written to."""

    def mark(self, writer: Writer) -> None:
        """This one has something to write."""
        self._marked.append(writer)

    def flush_one(self, writer: Writer) -> None:
        """Write to this one at once what it may be sent."""
        if writer.flush():
            self._drain(writer)

    def flush(self) -> None:
        """Write to every marked peer what it may be sent."""
        self.before()
        marked, self._marked = self._marked, []
        for writer in marked:
            if writer.flush():
                self._drain(writer)
