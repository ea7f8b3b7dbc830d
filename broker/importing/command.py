"""``python -m broker import``, from its words to its exit status."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from typing import Final

import trio

from broker.command_line import Word, parse
from broker.durability import durability_of
from broker.faults import advice
from broker.importing.deaf import Deaf
from broker.importing.moving import Move
from broker.importing.tally import Tally
from broker.importing.words import FROM_VARIABLE, Wanted, WordsError, read_words
from broker.logs import Log
from broker.settings import Settings
from broker.sources import SettingsError, read_settings
from broker.stores import Place, open_place
from broker.terminal import complain, show
from broker.user import UserError, become_user
from persistence import Store, StoreError, open_store
from persistence.gearmand import QueueReader, SourceError, open_redis_queue, open_sqlite_queue
from persistence.unwrapping import unwrapped

DONE: Final = 0
NOT_DONE: Final = 1
SOME_REFUSED: Final = 2

LEAVE_SECONDS: Final = 5.0
"""How long a goodbye to the store may take; brokers find out by themselves what is not said."""

AGAIN: Final = "the same command goes on from here, and imports nothing twice"


def main(words: Sequence[str]) -> int:
    """Run the command with the words behind ``import``."""
    try:
        wanted, rest = read_words(words, os.environ)
        variables = {name: value for name, value in os.environ.items() if name != FROM_VARIABLE}
        settings = read_settings(parse(map(Word, rest)), variables).settings
    except WordsError as error:
        complain(str(error))
        return NOT_DONE
    except SettingsError as error:
        for problem in error.problems:
            complain(problem)
        return NOT_DONE
    tally = Tally(wanted.dry_run)
    with Log("stderr", settings.verbose):
        try:
            with _opened(wanted) as source:
                _refuse_if_served(wanted, source)
                settings = become_user(settings)  # only now: root sees more of who works on the source
                with unwrapped():
                    trio.run(_until_stopped, lambda: _import(wanted, settings, source, tally))
                return _report(wanted, source, tally)
        except (SourceError, StoreError, UserError, OSError) as error:
            complain(advice(error))
        except StoppedError as error:
            complain(str(error))
    if tally.outcomes:
        complain(f"{tally.outcomes.total()} jobs had been dealt with until then; {AGAIN}")
    return NOT_DONE


class StoppedError(Exception):
    """A signal asked for the end."""


@contextmanager
def _opened(wanted: Wanted) -> Iterator[QueueReader]:
    """The source, for the length of the block. Raises SourceError."""
    source: QueueReader
    if wanted.from_redis:
        functions = frozenset(os.fsencode(name) for name in wanted.functions)
        source = open_redis_queue(wanted.source, os.fsencode(wanted.prefix), functions)
    else:
        source = open_sqlite_queue(Path(wanted.source), wanted.table, to_delete=wanted.delete_imported)
    try:
        yield source
    finally:
        source.close()


def _refuse_if_served(wanted: Wanted, source: QueueReader) -> None:
    who = source.served_by()
    if who and not wanted.even_if_served:
        raise SourceError(
            f"stop {who} first: what it still runs of {source.words} would run twice"
            " (--even-if-served imports all the same)"
        )


async def _until_stopped(work: Callable[[], Awaitable[None]]) -> None:
    """Do it, unless a signal says stop: then what is open is closed, an embedded store too. Raises StoppedError."""
    with trio.open_signal_receiver(SIGINT, SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_raise_at_a_signal, signals)
            await work()
            nursery.cancel_scope.cancel()


async def _raise_at_a_signal(signals: AsyncIterator[int]) -> None:
    async for number in signals:
        raise StoppedError(f"stopped by {Signals(number).name}")


async def _import(wanted: Wanted, settings: Settings, source: QueueReader, tally: Tally) -> None:
    async with open_place(settings) as place:
        show(f"From {source.words}\nto   {place.words}")
        store = _store(settings, place)
        async with open_store(store):
            move = Move(source, store, tally, os.fsencode(wanted.batch), wanted.delete_imported, complain)
            await move.run()
            with trio.move_on_after(LEAVE_SECONDS):
                await store.leave()


def _store(settings: Settings, place: Place) -> Store:
    """A store as a broker has it; in its name nothing is ever run."""
    return Store(
        place.options,
        Deaf(),
        prefix=settings.redis_prefix.encode(),
        handle_prefix=settings.job_handle_prefix.encode(),
        store_timeout_seconds=settings.store_timeout,
        presence_ttl_seconds=settings.presence_ttl,
        describe=lambda: b'{"addresses": [], "workers": {}, "running": 0}',
        durability=durability_of(settings),
    )


def _report(wanted: Wanted, source: QueueReader, tally: Tally) -> int:
    notes = []
    if perhaps := source.perhaps_served_by():
        notes.append(f"connections from {perhaps} look like a gearmand's: make sure that it is stopped")
    if not tally.found and wanted.from_redis:
        lead = f"{wanted.prefix}-"
        notes.append(f"no key begins with {lead!r}: if gearmand had a --redis-prefix, give it as --from-prefix")
    for line in tally.lines(notes, keeps_order=source.keeps_order, deleting=wanted.delete_imported):
        show(line)
    return SOME_REFUSED if tally.refused or tally.vanished else DONE
