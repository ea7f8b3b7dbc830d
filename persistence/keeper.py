"""The keeper raises our presence: a number in Redis that moves as long as this broker lives.

It says nothing about clocks. That it stands still for a whole `presence TTL` is judged by whoever watches
(`persistence.janitor`), by a clock of their own, so an outage of Redis makes nobody look dead.
"""

import logging
from collections.abc import Callable
from typing import Final

import trio

from persistence.errors import StoreError
from persistence.link import Link
from persistence.replies import Command
from persistence.records import Incarnation

log = logging.getLogger(__name__)

RAISES_PER_TTL: Final = 3
SCHEMA_VERSION: Final = 1
"""Of all that persistence/keys.py names. A broker refuses data of any other version."""


class Keeper:
    """Keeps one broker's presence. `describe` gives what others may know of it, as JSON bytes."""

    def __init__(self, link: Link, presence_ttl_seconds: float, describe: Callable[[], bytes]) -> None:
        self._link = link
        self._interval_seconds = presence_ttl_seconds / RAISES_PER_TTL
        self._describe = describe
        self._beats = 0
        self._raised_as = link.incarnation
        self.answered_at = trio.current_time()
        """When Redis last confirmed a raise (trio's clock)."""

    def raise_commands(self) -> list[Command]:
        """The commands that raise our presence once; the first counts."""
        keys, incarnation = self._link.keys, self._link.incarnation
        return [
            [b"HINCRBY", keys.beats, incarnation, 1],
            [b"HSET", keys.brokers, incarnation, self._describe()],
            [b"SET", keys.schema, SCHEMA_VERSION, b"NX"],
        ]

    def raised(self, raised_as: Incarnation, beats: int) -> None:
        """Redis confirmed a raise and counts so many.

        A count that does not continue ours means that our presence was removed: we were taken for lost, or Redis
        was emptied. Either way what it held of us is gone, and we go on under a new name.
        """
        if raised_as != self._link.incarnation:
            return
        self.answered_at = trio.current_time()
        if self._raised_as != raised_as:
            self._raised_as, self._beats = raised_as, 0
        if beats > self._beats:
            self._beats = beats
            return
        log.error(
            "Redis no longer knows this broker: it was emptied, or we were taken for lost. Of jobs that are not "
            "there any more, handles answer unknown, and who waits for one is told that it failed"
        )
        self._link.pipe.post([b"HDEL", self._link.keys.beats, raised_as], lambda reply: None)
        self._link.pipe.post([b"HDEL", self._link.keys.brokers, raised_as], lambda reply: None)
        self._link.refused(b"fenced", raised_as)

    async def run(self) -> None:
        """The duty: raise at every third of the TTL. Endless. Cancelled, it leaves the presence to stand still."""
        while True:
            await trio.sleep(self._interval_seconds)
            if self._link.pipe.connected:
                await self._raise()

    async def _raise(self) -> None:
        raised_as = self._link.incarnation
        try:
            beats, *_ = [
                await self._link.pipe.ask(*command, timeout_seconds=self._link.store_timeout_seconds)
                for command in self.raise_commands()
            ]
        except StoreError as error:
            log.debug("presence not raised: %s", error)
            return
        if isinstance(beats, int):
            self.raised(raised_as, beats)
