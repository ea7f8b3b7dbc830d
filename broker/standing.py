"""Who stands back: clients that say much at a time, and workers while any does."""

from typing import Final

MUCH: Final = 8
"""A client that says so many packets in one turn says much. It is they that cost time: a long one is little more than a
short. A worker may say as many of one job, and whoever works says them at the pace of its jobs."""

STILL_MUCH: Final = 4
"""And one that stands back, so many: turns are shorter there."""

CALM_SECONDS: Final = 0.5
"""Who has not said much for so long says little again: a flood has gaps."""


class Standing:
    """What is known of the connections, by descriptor.

    Attributes:
        back: who stands back now, also who is not heard at present because it has too much under way.
        workers: who works.
    """

    def __init__(self) -> None:
        self.back: set[int] = set()
        self._said_much_at: dict[int, float] = {}
        self._calm_at = 0.0
        self.workers: set[int] = set()

    def works(self, number: int) -> None:
        """This one is a worker: what it asks is asked for itself, and its next turn follows from the last."""
        self.workers.add(number)

    def works_no_more(self, number: int) -> None:
        """This one is a client again."""
        self.workers.discard(number)

    def leave(self, number: int) -> None:
        """This connection is over."""
        self.back.discard(number)
        self.workers.discard(number)
        self._said_much_at.pop(number, None)

    def has_changed(self, number: int, packets: int, now: float) -> bool:
        """It had a turn, and said so many packets: whether it steps back, or comes forward, for that."""
        said_much_at = self._said_much_at
        works = number in self.workers
        if packets >= (STILL_MUCH if number in said_much_at else MUCH) and not works:
            said_much_at[number] = now
            self._calm_at = now + CALM_SECONDS
        elif number in said_much_at and now - said_much_at[number] >= CALM_SECONDS:
            del said_much_at[number]
        steps_back = number in said_much_at or (works and now < self._calm_at)
        if steps_back == (number in self.back):
            return False
        (self.back.add if steps_back else self.back.discard)(number)
        return True

    def stays(self, number: int) -> None:
        """What has just changed for this one is not to be: it stays where it was."""
        (self.back.discard if number in self.back else self.back.add)(number)
