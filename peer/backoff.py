"""How long to wait before the next attempt to connect."""

import random

__all__ = ["Backoff"]

FIRST_SECONDS = 0.05  # a broker that restarts is back within a tenth of a second
LONGEST_SECONDS = 2.0  # and one that was down for long is found soon after


class Backoff:
    """Doubling pauses with full jitter, so that the peers of a lost server do not all come back at once."""

    def __init__(self) -> None:
        self._ceiling = FIRST_SECONDS

    def reset(self) -> None:
        """The last attempt succeeded: start from short pauses again."""
        self._ceiling = FIRST_SECONDS

    def next_pause(self) -> float:
        """Seconds to wait now; the pause after it may be twice as long."""
        pause = random.uniform(0, self._ceiling)
        self._ceiling = min(self._ceiling * 2, LONGEST_SECONDS)
        return pause
