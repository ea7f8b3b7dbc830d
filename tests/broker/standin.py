"""A broker that does nothing but listen, to see what the process around a broker does.

    python -m tests.broker.standin CHARACTER [flags]

It is started by the same `broker.process.run` as the real one; its character says what it does beyond
listening.
"""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import trio

from broker.binding import bind, listen, resolve
from broker.command_line import Word, parse
from broker.orders import Orders
from broker.process import OpenBroker, run
from broker.settings import Settings
from broker.sources import read_settings
from broker.terminal import show
from persistence.errors import EmbeddedStoreError


@dataclass(frozen=True, slots=True)
class Standin:
    """What a broker tells of itself."""

    addresses: list[tuple[str, int]]
    data: str = "the memory of a stand-in"

    def watch_store(self, changed: Callable[[str | None], None]) -> None:
        """It never goes away."""


@asynccontextmanager
async def plain(settings: Settings, *, orders: Orders) -> AsyncIterator[Standin]:
    """Listens, and stops when the block ends."""
    with ExitStack() as sockets:
        bound = bind(await resolve(settings), shared=settings.processes > 1)
        listening = [sockets.enter_context(sock) for sock in bound]
        listen(listening, settings.backlog)
        yield Standin([sock.getsockname()[:2] for sock in listening])
        show("stopped cleanly")


@asynccontextmanager
async def never_up(settings: Settings, *, orders: Orders) -> AsyncIterator[Standin]:
    """Waits for its store for ever."""
    show(f"starting {os.getpid()}")
    await trio.Event().wait()
    yield Standin([])


@asynccontextmanager
async def never_down(settings: Settings, *, orders: Orders) -> AsyncIterator[Standin]:
    """Waits for its last job for ever."""
    async with plain(settings, orders=orders) as standin:
        yield standin
        show("stopping")
        await trio.sleep_forever()


@asynccontextmanager
async def without_store(settings: Settings, *, orders: Orders) -> AsyncIterator[Standin]:
    """Fails as a start in a nursery fails: with a group of groups."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_fail, EmbeddedStoreError("--data-dir: /x is not yours; take another"))
        await trio.Event().wait()
        yield Standin([])


@asynccontextmanager
async def defective(settings: Settings, *, orders: Orders) -> AsyncIterator[Standin]:
    """Breaks while it serves, with an error that a start may have too."""
    async with plain(settings, orders=orders) as standin, trio.open_nursery() as nursery:
        nursery.start_soon(_fail, OSError("the defect"))
        yield standin


async def _fail(error: Exception) -> None:
    raise error


CHARACTERS: dict[str, OpenBroker] = {
    "plain": plain,
    "never_up": never_up,
    "never_down": never_down,
    "without_store": without_store,
    "defective": defective,
}

if __name__ == "__main__":
    sys.exit(run(read_settings(parse(map(Word, sys.argv[2:])), os.environ), CHARACTERS[sys.argv[1]]))
