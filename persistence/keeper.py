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
from persistence.records import Incarnation
from persistence.replies import Command, Reply
from persistence.scripts import RENEW

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
        self._left = False
        self.answered_at = trio.current_time()
        """When Redis last confirmed a raise (trio's clock)."""

    def raise_command(self) -> Command:
        """The command that raises our presence once; it answers the count."""
        return RENEW.call(self._link.keys.root, self._link.incarnation, self._describe(), SCHEMA_VERSION)

    def raised(self, raised_as: Incarnation, beats: int) -> None:
        """Redis confirmed a raise and counts so many.

        A count that begins again means that our presence was removed: we were taken for lost, or Redis was
        emptied. Either way what it held of us is gone, and we go on under a new name. The old presence, which
        this raise has brought back, stands still from now on: what may still be under that name, as when Redis
        came back with older data, is returned by whoever sees that. A count that merely fell behind is of such
        data, in which we are known; what differs was put right when we rejoined.
        """
        if raised_as != self._link.incarnation:
            return
        self.answered_at = trio.current_time()
        known = self._beats if self._raised_as == raised_as else 0
        self._raised_as, self._beats = raised_as, beats
        if beats == 1 and known > 0:
            log.error(
                "Redis no longer knows this broker: it was emptied, or we were taken for lost. Of jobs that are "
                "not there any more, handles answer unknown, and who waits for one is told that it failed"
            )
            self._link.refused(b"fenced", raised_as)

    @property
    def is_present(self) -> bool:
        """Whether Redis has confirmed a raise under the name that we bear."""
        return self._beats > 0 and self._raised_as == self._link.incarnation

    def raise_soon(self, incarnation: Incarnation) -> None:
        """Post a raise; what is posted after it may rely on this presence."""

        def answered(reply: Reply) -> None:
            if isinstance(reply, int):
                self.raised(incarnation, reply)

        self._link.pipe.post(self.raise_command(), answered, deadline=self._link.deadline())

    def leave(self) -> None:
        """We are about to take our presence out of Redis: raise it no more."""
        self._left = True

    async def run(self) -> None:
        """The duty: raise at every third of the TTL. Endless. Cancelled, it leaves the presence to stand still."""
        while not self._left:
            await trio.sleep(self._interval_seconds)
            if self._link.pipe.connected and not self._left:
                try:
                    await self.raise_now()
                except StoreError as error:
                    log.debug("presence not raised: %s", error)

    async def raise_now(self) -> None:
        """Raise it once more; returns when Redis has confirmed it. Raises StoreError.

        So it also tells whether Redis runs our scripts, and writes.
        """
        raised_as = self._link.incarnation
        beats = await self._link.pipe.ask(*self.raise_command(), timeout_seconds=self._link.store_timeout_seconds)
        if isinstance(beats, int):
            self.raised(raised_as, beats)
