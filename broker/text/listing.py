"""workers, show jobs, show unique jobs, show dead."""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from itertools import islice
from typing import Final, TypeVar

from broker.coalescing import as_submitted
from broker.core import Broker
from broker.outgoing import Promise
from broker.session import Session
from broker.text.counting import FUNCTIONS_A_TRIP, figures
from broker.text.gathering import gather_and_send
from broker.text.replies import (
    END_OF_LIST,
    IN_ONE_FIELD,
    ON_ONE_LINE,
    answer_at_length,
    answer_in_parts,
    unknown_command,
)
from persistence import Counts, ListedJob, Pages

UNKNOWN_ARGUMENTS: Final = b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"
PagesT = TypeVar("PagesT", bound=Pages)

AHEAD: Final = 20
"""Of so many functions the first page is asked for before it is needed: most have no other, and Redis may be far."""
EMPTY_LINES: Final = 1000
"""So many jobs without a unique are listed at a time."""


def on_workers(broker: Broker, session: Session, words: list[bytes]) -> None:
    """FD, address, id and functions of every connection to this broker, whose numbers mean nothing at another."""
    answer_at_length(broker, session, lambda: _connections(broker))


def _connections(broker: Broker) -> bytes:
    rows = []
    for other in broker.sessions:
        peer = other.transport.peer.encode()
        functions = b"".join(b" " + line.function.name for line in other.order)
        row = b"%d %b %b :%b" % (other.transport.number, peer, other.client_id, functions)
        rows.append(row.translate(ON_ONE_LINE) + b"\n")
    return b"".join(rows) + END_OF_LIST


def on_show(broker: Broker, session: Session, words: list[bytes]) -> None:
    """All jobs, the uniques of all jobs, or all jobs that were given up."""
    if len(words) < 2:
        session.say_bytes(unknown_command(words[0]))
        return
    pages = LISTINGS.get(tuple(word.lower() for word in words[1:]))
    if pages is None:
        session.say_bytes(UNKNOWN_ARGUMENTS)
        return

    async def give(promise: Promise) -> None:
        await gather_and_send(session, promise, pages(broker), broker.store.hoping)

    answer_in_parts(broker, session, give)


async def _jobs(broker: Broker) -> AsyncGenerator[bytes, None]:
    """HANDLE, RETRIES, IGNORE, QUEUED of every job; cancelled ones are gone, so ignored is what runs for nobody."""
    async with aclosing(_begun(_in_use(broker), broker.store.listing.jobs)) as functions:
        async for _, pages in functions:
            while (jobs := await pages.jobs()) is not None:
                yield b"".join(map(_row, jobs))


def _row(job: ListedJob) -> bytes:
    return b"%b\t%d\t%d\t%d\n" % (job.handle, job.retries, job.kind == b"abandoned", job.kind == b"background")


async def _uniques(broker: Broker) -> AsyncGenerator[bytes, None]:
    """The unique of every job; an empty line for one that has none."""
    async with aclosing(_begun(_in_use(broker), broker.store.listing.uniques)) as functions:
        async for counts, pages in functions:
            without = counts.total
            while (uniques := await pages.uniques()) is not None:
                without -= len(uniques)
                yield b"".join([as_submitted(unique).translate(ON_ONE_LINE) + b"\n" for unique in uniques])
            while without > 0:
                yield b"\n" * min(without, EMPTY_LINES)
                without -= EMPTY_LINES


async def _in_use(broker: Broker) -> AsyncGenerator[Counts, None]:
    """Every function that has jobs."""
    await broker.store.asking.everything_before()
    async with aclosing(figures(broker)) as tables:
        async for table in tables:
            for counts in table:
                if counts.total:
                    yield counts


async def _begun(
    functions: AsyncGenerator[Counts, None], listed: Callable[[bytes], PagesT]
) -> AsyncGenerator[tuple[Counts, PagesT], None]:
    """Each with its pages, of which the first is on its way."""
    ahead: deque[tuple[Counts, PagesT]] = deque()
    async with aclosing(functions):
        async for counts in functions:
            pages = listed(counts.function)
            pages.begin()
            ahead.append((counts, pages))
            if len(ahead) > AHEAD:
                yield ahead.popleft()
    while ahead:
        yield ahead.popleft()


async def _dead(broker: Broker) -> AsyncGenerator[bytes, None]:
    """HANDLE, FUNCTION, SINCE, ATTEMPTS of every job that was given up; SINCE is in unix seconds. gearmand has none."""
    await broker.store.asking.everything_before()
    listing, names = broker.store.listing, iter(await broker.store.asking.functions())
    while some := list(islice(names, FUNCTIONS_A_TRIP)):
        # Not by the counters: a function that was dropped and made again has none of those before.
        for function in await listing.with_dead(some):
            named, pages = function.translate(IN_ONE_FIELD), listing.dead(function)
            while (jobs := await pages.jobs()) is not None:
                yield b"".join([b"%b\t%b\t%d\t%d\n" % (job.handle, named, job.since, job.attempts) for job in jobs])


LISTINGS: Final = {(b"jobs",): _jobs, (b"unique", b"jobs"): _uniques, (b"dead",): _dead}
