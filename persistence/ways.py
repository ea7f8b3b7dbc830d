"""Chooses how a store reaches Redis: pipes to one server, or pipes to every node of a cluster.

What a cluster needs is imported when one was named: it brings redis-py with it, which costs a fifth of a start.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, TypeAlias

import trio

from persistence.alarm import Alarm
from persistence.durability import Durability
from persistence.errors import StoreError
from persistence.events import StoreEvents
from persistence.firm import Firm
from persistence.handshake import Handshake
from persistence.keeper import Keeper
from persistence.link import Link
from persistence.options import RedisOptions
from persistence.outage import Outage
from persistence.pipe import Pipe
from persistence.rejoining import Rejoining, load_scripts
from persistence.replies import Reply
from persistence.unconfirmed import Holding
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
    durability: Durability


OnBack: TypeAlias = Callable[[Callable[[bytes], bool]], None]
"""Called when the server of some functions is found (again), with whether it has that of a tag."""


class Run(Protocol):
    """A duty that is started."""

    def __call__(self, *, task_status: trio.TaskStatus[None]) -> Awaitable[None]:
        """Endless. Raises StoreError before it has started."""


class Firmly(Protocol):
    """The way of what must be on replicas before it is accepted, where WAIT holds up neither claims nor notices."""

    @property
    def pipe(self) -> Way:
        """Carries it."""

    @property
    def replication(self) -> Holding:
        """Knows what is held there."""

    def begin_anew(self) -> None:
        """We go on under a new name, which must be known before anything is said there under it."""


class Ways(Protocol):
    """Makes the ways of a store."""

    @property
    def firm(self) -> Firmly | None:
        """Made by `store`, if a durability is chosen that wants replicas."""

    def bulk(self, root: bytes, on_batch: Callable[[], None], on_back: OnBack) -> Way:
        """For what is large or slow."""

    def store(self, ends: Ends) -> Way:
        """For every transition, and the notices."""

    def duties(self) -> Sequence[Run]:
        """What must run, started in this order."""


class OneServer:
    """Two pipes to the same server, or three; see Ways."""

    def __init__(self, options: RedisOptions, outage: Outage) -> None:
        self._options = options
        self._outage = outage
        self._duties: list[Run] = []
        self._bulk: Pipe
        self.firm: Firm | None = None

    def bulk(self, root: bytes, on_batch: Callable[[], None], on_back: OnBack) -> Way:
        """See Ways."""

        async def on_connect(handshake: Handshake) -> None:
            await load_scripts(handshake)
            on_back(lambda tag: True)

        self._bulk = self._made(
            Pipe(self._options, name="bulk", on_connect=on_connect, on_batch=on_batch, outage=self._outage)
        )
        return self._bulk

    def store(self, ends: Ends) -> Way:
        """See Ways."""

        async def on_connect(handshake: Handshake) -> None:
            if self._bulk.server not in ("", pipe.server):
                self._bulk.renew("the master is elsewhere now")  # what it reads there is old, and so is what it writes
            await ends.on_greeted(self._options.address, handshake)
            await ends.rejoining.on_connect(handshake)
            ends.alarm.look_everywhere()

        def on_break(error: StoreError) -> None:
            if self.firm is not None:
                self.firm.first_broke()

        pipe = self._made(
            Pipe(
                self._options,
                name="store",
                on_connect=on_connect,
                on_push=ends.on_push,
                on_batch=ends.on_batch,
                on_flush=ends.on_flush,
                on_break=on_break,
                outage=self._outage,
            )
        )
        if ends.durability.most_replicas:
            self.firm = Firm(self._options, ends.link.keys, ends.durability, pipe, self._outage, ends.events)
            self._duties.append(self.firm.run)
        return pipe

    def _made(self, pipe: Pipe) -> Pipe:
        self._duties.append(pipe.run)
        return pipe

    def duties(self) -> Sequence[Run]:
        """See Ways."""
        return self._duties


def ways_to(options: RedisOptions, outage: Outage) -> Ways:
    """The ways to what these options name; its absence is told to `outage`."""
    if not options.cluster:
        return OneServer(options, outage)
    ways: Ways = import_module("persistence.cluster.ways").ClusterWays(options, outage)
    return ways
