"""status, prioritystatus: the figures of every function, over all brokers."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from itertools import islice
from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.text.replies import END_OF_LIST, IN_ONE_FIELD, answer_later
from persistence import Counts

FUNCTIONS_A_TRIP: Final = 200
"""So many are asked for at a time: a thousand functions must hold up neither Redis nor us."""


def on_status(broker: Broker, session: Session, words: list[bytes]) -> None:
    """NAME, TOTAL, RUNNING, WORKERS. The total is of all that is not over: queued, running, or waiting for its time."""

    def row(counts: Counts, workers: int) -> bytes:
        return b"%b\t%d\t%d\t%d\n" % (_named(counts), counts.total, counts.running, workers)

    answer_later(broker, session, lambda: _table(broker, session, row))


def on_priority_status(broker: Broker, session: Session, words: list[bytes]) -> None:
    """NAME, HIGH, NORMAL, LOW, WORKERS: what is queued. Jobs that wait for their time are of normal priority."""

    def row(counts: Counts, workers: int) -> bytes:
        high, normal, low = counts.queued
        return b"%b\t%d\t%d\t%d\t%d\n" % (_named(counts), high, normal + counts.scheduled, low, workers)

    answer_later(broker, session, lambda: _table(broker, session, row))


def _named(counts: Counts) -> bytes:
    return counts.function.translate(IN_ONE_FIELD)


async def _table(broker: Broker, session: Session, row: Callable[[Counts, int], bytes]) -> bytes:
    """A row for each function that Redis knows, or a worker, by name; nothing for who is gone."""
    if not session.hears():
        return b""
    rows: list[bytes] = []
    with broker.store.hoping():
        await broker.store.asking.everything_before()
        workers = await workers_anywhere(broker)
        async with aclosing(figures(broker, workers)) as tables:
            async for table in tables:
                rows += [row(counts, workers.get(counts.function, 0)) for counts in table]
    return b"".join(rows) + END_OF_LIST


async def figures(broker: Broker, names: Iterable[bytes] = ()) -> AsyncGenerator[list[Counts], None]:
    """The figures of every function that Redis knows, and of those named, by name; so many as one trip brings."""
    asking = broker.store.asking
    remaining = iter(sorted({*names, *await asking.functions()}))
    while some := list(islice(remaining, FUNCTIONS_A_TRIP)):
        yield await asking.counts_of(some)


async def workers_anywhere(broker: Broker) -> dict[bytes, int]:
    """How many workers each function has: here as of now, at other brokers as of when they last said so."""
    workers = await broker.store.workers_elsewhere()
    for name, line in broker.roster.lines.items():
        if line.workers:
            workers[name] = workers.get(name, 0) + len(line.workers)
    return workers
