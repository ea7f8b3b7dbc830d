"""How often a broker that wants jobs on replicas goes to Redis: on the way they take, and on that of all else."""

from collections.abc import Iterator
from contextlib import contextmanager

from persistence.way import Way
from tests.broker.running import Running


class Trips:
    """What left on both ways during a block, over all nodes if there are several: trips and commands."""

    first = firm = (0, 0)


@contextmanager
def counting(one: Running) -> Iterator[Trips]:
    """Counts what leaves during the block."""
    trips, store = Trips(), one.broker.store
    assert store.firm is not None
    ways = (store.pipe, store.firm.pipe)
    before = [_left_on(way) for way in ways]
    yield trips
    trips.first, trips.firm = [
        (sends - sends_before, commands - commands_before)
        for (sends, commands), (sends_before, commands_before) in zip(map(_left_on, ways), before, strict=True)
    ]


def _left_on(way: Way) -> tuple[int, int]:
    counted = way.statistics()
    return counted.sends, counted.commands
