"""Chooses how a store reaches Redis: pipes to one server, or pipes to every node of a cluster.

What a cluster needs is imported when one was named: it brings redis-py with it, which costs a fifth of a start.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import trio

from persistence.alarm import Alarm
from persistence.errors import StoreError
from persistence.events import StoreEvents
from persistence.handshake import Handshake
from persistence.keeper import Keeper
from persistence.link import Link
from persistence.options import RedisOptions
from persistence.outage import Outage
from persistence.pipe import Pipe
from persistence.rejoining import Rejoining, load_scripts
from persistence.replies import Reply
from persistence.way import Way


@dataclass(frozen=True, slots=True)
class Ends:
    """What stands at our end of the way that carries every transition."""

    link: Link
    keeper: Keeper
    alarm: Alarm
    rejoining: Rejoining
    events: StoreEvents
    on_greeted: Callable[[str, Handshake], Awaitable[None]]
    """Looks at the server at an address, on each new connection. Raises StoreError when it is not fit to be used."""
    on_push: Callable[[list[Reply]], None]
    on_batch: Callable[[], None]
    on_flush: Callable[[], None]
    on_break: Callable[[StoreError], None]


class Run(Protocol):
    """A duty that is started."""

    def __call__(self, *, task_status: trio.TaskStatus[None]) -> Awaitable[None]:
        """Endless. Raises StoreError before it has started."""


class Ways(Protocol):
    """Makes the two ways of a store."""

    def bulk(self, root: bytes, on_batch: Callable[[], None]) -> Way:
        """For what is large or slow."""

    def store(self, ends: Ends) -> Way:
        """For every transition, and the notices."""

    def duties(self) -> Sequence[Run]:
        """What must run, started in this order."""


class OneServer:
    """Two pipes to the same server; see Ways."""

    def __init__(self, options: RedisOptions, outage: Outage) -> None:
        self._options = options
        self._outage = outage
        self._pipes: list[Pipe] = []

    def bulk(self, root: bytes, on_batch: Callable[[], None]) -> Way:
        """See Ways."""
        return self._made(
            Pipe(self._options, name="bulk", on_connect=load_scripts, on_batch=on_batch, outage=self._outage)
        )

    def store(self, ends: Ends) -> Way:
        """See Ways."""

        async def on_connect(handshake: Handshake) -> None:
            await ends.on_greeted(self._options.address, handshake)
            await ends.rejoining.on_connect(handshake)
            ends.alarm.look_everywhere()

        return self._made(
            Pipe(
                self._options,
                name="store",
                on_connect=on_connect,
                on_push=ends.on_push,
                on_batch=ends.on_batch,
                on_flush=ends.on_flush,
                on_break=ends.on_break,
                outage=self._outage,
            )
        )

    def _made(self, pipe: Pipe) -> Pipe:
        self._pipes.append(pipe)
        return pipe

    def duties(self) -> Sequence[Run]:
        """See Ways."""
        return [pipe.run for pipe in self._pipes]


def ways_to(options: RedisOptions, outage: Outage) -> Ways:
    """The ways to what these options name; its absence is told to `outage`."""
    if not options.cluster:
        return OneServer(options, outage)
    ways: Ways = import_module("persistence.cluster.ways").ClusterWays(options, outage)
    return ways
