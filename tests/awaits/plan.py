"""Which awaits of a way are struck, and the walks that do it.

The awaits are counted in a walk without a strike, and a walk does not go to wait as often as another: two packets come
in one read or in two, a thread is done before anybody waits for it, a system's buffer takes all or not. So the 9th time
may be one that the next walk does not have. Then the strike is at the last time that it did have, and so on, until one
has struck. What is left, and only told, is an await to which a walk did not go at all, `TRIES` times: whether a
task has to wait there is the system's to say, not ours, and a test that fails for it fails by luck. Such a walk was
looked at like any other when it was over.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from tests.awaits.stores import Stored
from tests.awaits.watch import Await, Target
from tests.awaits.world import Strike, Way, walk


class Times(NamedTuple):
    """Of the times that a task goes to wait at a place, at so many of the first and of the last is struck.

    What differs is what came before.
    """

    first: int
    last: int


BOTH_ENDS: Final = Times(2, 2)
EVERY: Final = Times(sys.maxsize, 0)
TRIES: Final = 4
"""How many walks are made to strike once. Two are enough for nearly all."""


@dataclass
class Tally:
    """What became of a plan.

    Attributes:
        struck: where, and how often.
        missed: where tasks came to wait in the first walk, and did not when they were to be struck.
    """

    struck: dict[Await, int] = field(default_factory=dict)
    missed: dict[Await, int] = field(default_factory=dict)

    def count(self, where: Await, *, struck: bool) -> None:
        """One target is done with."""
        counts = self.struck if struck else self.missed
        counts[where] = counts.get(where, 0) + 1


def targets(seen: Mapping[Await, int], times: Times) -> Iterator[Target]:
    """Each await, as often as it is to be struck."""
    for where, count in seen.items():
        for time in range(1, count + 1):
            if time <= times.first or time > count - times.last:
                yield Target(where, time)


async def walk_all(way: Way, strike: Strike, store: Stored, folder: Path, *, times: Times = BOTH_ENDS) -> Tally:
    """Go a way unharmed, then again for each of its awaits, struck there."""
    seen, _ = await walk(way, strike, store, folder / "unharmed")
    tally = Tally()
    for number, target in enumerate(targets(seen, times)):
        struck = await _strike(way, strike, store, folder / str(number), target)
        tally.count(target.where, struck=struck)
    return tally


async def _strike(way: Way, strike: Strike, store: Stored, folder: Path, target: Target) -> bool:
    """Walk until it has struck, as near to the target as may be; whether it has."""
    time = target.time
    for number in range(TRIES):
        try:
            seen, struck = await walk(way, strike, store, folder / str(number), Target(target.where, time))
        except BaseException as error:
            error.add_note(
                f"{way.go.__name__}, struck: {strike.value}, when a task waits for the {time}. time: {target.where}"
            )
            raise
        if struck:
            return True
        time = max(1, seen.get(target.where, 0))
    return False
