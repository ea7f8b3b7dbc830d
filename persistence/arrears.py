"""How many bytes of results and of what running jobs say wait here until Redis has them, and whether that is too much.

Nothing of it may be dropped, and a Redis that is away may stay away for long. So whoever adds to it is to look at
`full` first, and to leave what its peers send next where it is: with them.
"""

from collections.abc import Callable
from typing import Final

OVERHEAD_BYTES: Final = 512
"""What keeping one costs besides its payload, as a rule."""


class Arrears:
    """A count with an upper mark, at which it is full, and a lower one, at which there is room again.

    Attributes:
        bytes: how much waits.
        full: whether to add no more.
        on_full: called when it becomes full.
        on_room: called when it is full no more.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.bytes = 0
        self.full = False
        self.on_full: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None
        self._limit_bytes = limit_bytes

    def add(self, length: int) -> None:
        """So much waits from now on."""
        self.bytes += length
        if self.bytes >= self._limit_bytes and not self.full:
            self.full = True
            self.on_full()

    def pay(self, length: int) -> None:
        """So much is in Redis."""
        self.bytes -= length
        # Half of it: else every result that is written would let all who wait begin, and stop them again.
        if self.full and self.bytes <= self._limit_bytes // 2:
            self.full = False
            self.on_room()
