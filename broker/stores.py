"""Which Redis a broker uses: the one it was told, or one of its own."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from broker.logs import SAID_BY_ONE
from broker.redis_address import redis_options
from broker.settings import Settings
from persistence import RedisOptions, Store, StoreForgetsError, default_data_dir, open_embedded_store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the jobs are."""

    options: RedisOptions
    words: str
    """In one line, for people; without a password."""
    directory: Path
    """For what this machine must remember."""
    key: bytes
    """Tells this store and prefix from others that brokers on this machine may use."""


@asynccontextmanager
async def open_place(settings: Settings) -> AsyncIterator[Place]:
    """Find the store for the length of the block; the embedded one runs, and is kept running.

    Raises StoreError when the embedded store cannot be used, ValueError for a URL that is none.
    """
    directory = settings.data_dir or default_data_dir()
    if settings.redis is not None:
        options = redis_options(settings.redis)
        database = "" if options.cluster else f", database {options.db}"
        words = f"{options.place}{database}, keys beginning with {{{settings.redis_prefix}"
        where = options.cluster_address or options.address
        yield Place(options, words, directory, f"{where}/{options.db}/{settings.redis_prefix}".encode())
        return
    async with open_embedded_store(directory) as store, trio.open_nursery() as nursery:
        nursery.start_soon(store.watch)
        options = RedisOptions(unix_path=str(store.socket_path))
        yield Place(options, str(store.data_dir), directory, settings.redis_prefix.encode())
        nursery.cancel_scope.cancel()


async def mind_weaknesses(settings: Settings, store: Store) -> None:
    """Say of a Redis that others configured how it may lose jobs. The embedded store is configured by us.

    Raises StoreForgetsError if there is such a way and `settings.strict_store` is set, any other StoreError if it
    does not answer.
    """
    if settings.redis is None:
        return
    place = redis_options(settings.redis).place
    place = place[0].upper() + place[1:]
    found = [f"{place} may lose jobs: {weakness}" for weakness in await store.weaknesses()]
    if found and settings.strict_store:
        raise StoreForgetsError(f"{'; '.join(found)} (or start without --strict-store)")
    for line in found:
        log.warning("%s", line, extra=SAID_BY_ONE)
