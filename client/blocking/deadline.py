"""Until when an answer is waited for."""

import math
import time

from client.arguments import checked_seconds
from client.errors import TimedOutError

__all__ = ["Deadline"]


LONGEST_SECONDS = 366 * 86400.0  # more than that means for ever, and sockets may not be able to count so far


class Deadline:
    """So many seconds from now.

    Args:
        seconds: math.inf waits for ever.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds: float = checked_seconds(seconds)
        self._at = time.monotonic() + seconds if seconds < LONGEST_SECONDS else math.inf

    def left(self) -> float | None:
        """What remains, as sockets and locks take it: None is for ever, and 0 or less is never returned.

        Raises:
            TimedOutError: nothing remains.
        """
        if self._at == math.inf:
            return None
        seconds = self.seconds_left
        if seconds <= 0:
            raise self.passed("no answer")
        return seconds

    @property
    def seconds_left(self) -> float:
        """What remains; below 0 if it has passed, math.inf if it never will."""
        return self._at - time.monotonic()

    @property
    def over(self) -> bool:
        """Nothing remains."""
        return self.seconds_left <= 0

    def within(self, seconds: float) -> "Deadline":
        """The earlier of this one and one in so many seconds."""
        sooner = Deadline(seconds)
        return sooner if sooner._at < self._at else self

    def passed(self, what: str) -> TimedOutError:
        """What to raise when it has passed."""
        return TimedOutError(f"{what} within {self.seconds:g} seconds")
