"""workers, show jobs, show unique jobs."""

from collections.abc import AsyncGenerator
from typing import Final

from broker.core import Broker
from broker.outgoing import Promise
from broker.session import Session
from broker.text.gathering import gather_and_send
from broker.text.replies import END_OF_LIST, answer_in_parts, unknown_command
from persistence import ListedJob

UNKNOWN_ARGUMENTS: Final = b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"
EMPTY_LINES: Final = 1000
"""So many jobs without a unique are listed at a time."""


def on_workers(broker: Broker, session: Session, words: list[bytes]) -> None:
    """FD, address, id and functions of every connection to this broker, whose numbers mean nothing at another."""
    rows = []
    for other in broker.sessions:
        functions = b"".join(b" " + line.function.name for line in other.order)
        rows.append(
            b"%d %b %b :%b\n" % (other.transport.number, other.transport.peer.encode(), other.client_id, functions)
        )
    session.say_bytes(b"".join(rows) + END_OF_LIST)


def on_show(broker: Broker, session: Session, words: list[bytes]) -> None:
    """All jobs, or the uniques of all jobs."""
    if len(words) < 2:
        session.say_bytes(unknown_command(words[0]))
        return
    pages = LISTINGS.get(tuple(word.lower() for word in words[1:]))
    if pages is None:
        session.say_bytes(UNKNOWN_ARGUMENTS)
        return

    async def give(promise: Promise) -> None:
        await gather_and_send(session, promise, pages(broker))

    answer_in_parts(broker, session, give)


async def _jobs(broker: Broker) -> AsyncGenerator[bytes, None]:
    """HANDLE, RETRIES, IGNORE, QUEUED of every job; cancelled ones are gone, so ignored is what runs for nobody."""
    await broker.store.asking.everything_before()
    for function in await broker.store.asking.functions():
        pages = broker.store.listing.jobs(function)
        while (jobs := await pages.jobs()) is not None:
            yield b"".join(map(_row, jobs))


def _row(job: ListedJob) -> bytes:
    return b"%b\t%d\t%d\t%d\n" % (job.handle, job.retries, job.kind == b"abandoned", job.kind == b"background")


async def _uniques(broker: Broker) -> AsyncGenerator[bytes, None]:
    """The unique of every job; an empty line for one that has none."""
    await broker.store.asking.everything_before()
    for function in await broker.store.asking.functions():
        without = (await broker.store.asking.counts(function)).total
        pages = broker.store.listing.uniques(function)
        while (uniques := await pages.uniques()) is not None:
            without -= len(uniques)
            # What stands behind a NUL only tells jobs apart that were submitted with the unique "-".
            yield b"".join([unique.partition(b"\0")[0] + b"\n" for unique in uniques])
        while without > 0:
            yield b"\n" * min(without, EMPTY_LINES)
            without -= EMPTY_LINES


LISTINGS: Final = {(b"jobs",): _jobs, (b"unique", b"jobs"): _uniques}
