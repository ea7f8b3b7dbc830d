"""How many are heard before Redis and the peers are told: what one look takes in."""

from typing import Final

MOST_AT_ONCE: Final = 12
"""Sockets after which a look ends. The kernel takes them in turns, so who waits now is in the next look. Redis is
heard between two looks, and works on the one while we take the next: all peers in one look would cost less each, but
Redis and we would wait for each other in turns."""

LEAST_OF_WORKERS: Final = 8
MOST_OF_WORKERS: Final = 16
"""Where workers alone speak, who each wait for us, for Redis and for us again, a look takes half of those at work: so
Redis looks after one half while we hear the other. Not fewer than the one, for each look has a price, and not more than
the other."""

LOOKS: Final = 8
"""Looks that found workers alone, after which it is known again how many are at work."""


class Pace:
    """What the last looks found, and what the next should take in.

    Args:
        workers: the descriptors of workers, kept up to date by whoever has them.

    Attributes:
        most: so many sockets.
    """

    def __init__(self, workers: set[int]) -> None:
        self._workers = workers
        self._at_work: set[int] = set()
        self._looks = 0
        self._half = MOST_AT_ONCE
        self.most = MOST_AT_ONCE

    def found(self, events: list[tuple[int, int]]) -> None:
        """A look found these, as epoll tells it."""
        numbers = [number for number, _ in events]
        if not numbers:
            return
        if not self._workers.issuperset(numbers):
            self.most = MOST_AT_ONCE
            return
        self._at_work.update(numbers)
        self._looks += 1
        if self._looks == LOOKS:
            self._half = min(max(len(self._at_work) // 2, LEAST_OF_WORKERS), MOST_OF_WORKERS)
            self._at_work.clear()
            self._looks = 0
        self.most = self._half
