"""What is remembered of a broker: the numbers of its submits, and whether it may still write."""

from dataclasses import dataclass, field
from typing import Final

NO_GENERATION: Final = 9_007_199_254_740_991
"""Of a name whose broker was told that a submit under it was not stored."""


@dataclass
class Standing:
    """What is remembered of an incarnation: whether it may still write, and which of its submits are known."""

    generation: int = 0
    highest: int = 0
    open: set[int] = field(default_factory=set)
    """Numbers below the highest that were not stored, and may be yet."""
    over: bool = False

    def refusal(self, generation: int) -> bytes | None:
        """What a command of this generation is answered instead of being done."""
        if self.over:
            return b"fenced"
        return b"stale" if generation < self.generation else None

    def has_stored(self, number: int) -> bool:
        """Whether a submit of this number came before, and was not refused."""
        return number <= self.highest and number not in self.open

    def note(self, generation: int, number: int, floor: int) -> None:
        """A submit was stored; those below the floor will not come any more."""
        self.generation = generation
        self.open |= set(range(self.highest + 1, number))
        self.open = {left for left in self.open if left != number and left >= floor}
        self.highest = max(self.highest, number)
