"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

FLOOR_SECONDS: Final = 0.05
"""A restarted Redis listens again within some tens of milliseconds."""

CEILING_SECONDS: Final = 2.0
"""An operator who has just healed it should not have to wait for us."""


class Backoff:
    """Delays that double from 50 ms to 2 s, each drawn from its upper half.

    The draw parts the brokers that lost the same Redis at the same moment; the lower half is left out
    because a delay near zero would hammer a server that is coming up.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._seconds = FLOOR_SECONDS

    def next_seconds(self) -> float:
        """The next delay; the one after it is twice as long, up to the ceiling."""
        seconds = self._seconds
        self._seconds = min(seconds * 2, CEILING_SECONDS)
        return seconds * (0.5 + self._draw() / 2)

    def reset(self) -> None:
        """Begin again at the floor: the last attempt led to something."""
        self._seconds = FLOOR_SECONDS
