"""Writes to peers, once for all that one event had to say.

An event (a read from a peer, a read from Redis, a time limit) may say something to many sessions, and much to one.
They are marked, and written to when the event has been dealt with: one system call per connection. The same moment
ends the collecting of progress, of which only the latest counts.
"""

from collections.abc import Callable

from broker.session import Session


class Flusher:
    """Which sessions have something to write. `drain` starts a task for one whose peer reads slowly."""

    def __init__(self, drain: Callable[[Session], None]) -> None:
        self._drain = drain
        self._marked: list[Session] = []
        self.before: Callable[[], None] = lambda: None
        """Called before every flush: the last to add something."""

    def mark(self, session: Session) -> None:
        """This session has something to write."""
        self._marked.append(session)

    def flush(self) -> None:
        """Write to every marked session what it may be sent."""
        self.before()
        marked, self._marked = self._marked, []
        for session in marked:
            if session.flush():
                self._drain(session)
