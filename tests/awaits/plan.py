"""Which awaits of a way are struck, and the walks that do it."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.awaits.watch import Await, Target
from tests.awaits.world import Strike, Way, walk
from tests.servers import RedisServer

AT_EITHER_END: Final = 2
"""Of the times that a task goes to wait at a place, the tests strike at the first so many and at the last. What
differs is what came before; the whole plan strikes at all."""
EVERY_TIME: Final = sys.maxsize


@dataclass
class Tally:
    """What became of a plan.

    Attributes:
        struck: where, and how often.
        missed: where tasks did not come to wait again so often, for they meet in this order or in that.
    """

    struck: dict[Await, int] = field(default_factory=dict)
    missed: dict[Await, int] = field(default_factory=dict)

    def count(self, where: Await, *, struck: bool) -> None:
        """One walk is over."""
        counts = self.struck if struck else self.missed
        counts[where] = counts.get(where, 0) + 1


def targets(seen: Mapping[Await, int], most: int) -> Iterator[Target]:
    """Each await, the first and the last so many times that a task goes to wait there."""
    for where, times in seen.items():
        for time in range(1, times + 1):
            if time <= most or time > times - most:
                yield Target(where, time)


async def walk_all(way: Way, strike: Strike, redis: RedisServer, folder: Path, *, most: int = AT_EITHER_END) -> Tally:
    """Go a way unharmed, then again for each of its awaits, struck there."""
    seen, _ = await walk(way, strike, redis, folder / "unharmed")
    tally = Tally()
    for number, target in enumerate(targets(seen, most)):
        try:
            _, struck = await walk(way, strike, redis, folder / str(number), target)
        except BaseException as error:
            error.add_note(f"struck: {strike.value}, when a task waits for the {target.time}. time: {target.where}")
            raise
        tally.count(target.where, struck=struck)
    return tally
