"""The keeper raises our presence: a number in Redis that moves as long as this broker lives.

It says nothing about clocks. That it stands still for a whole `presence TTL` is judged by whoever watches
(`persistence.janitor`), by a clock of their own, so an outage of Redis makes nobody look dead.

It is raised on the second pipe: on the first, large payloads may take longer to pass than a broker may be silent.
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
from persistence.way import Way

log = logging.getLogger(__name__)

RAISES_PER_TTL: Final = 3
SCHEMA_VERSION: Final = 1
"""Of all that persistence/keys.py names. A broker refuses data of any other version."""


class Keeper:
    """Keeps one broker's presence. `describe` gives what others may know of it, as JSON bytes."""

    def __init__(self, link: Link, bulk: Way, presence_ttl_seconds: float, describe: Callable[[], bytes]) -> None:
        self._link = link
        self._bulk = bulk
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

    def known(self, incarnation: Incarnation) -> int:
        """How often this presence was raised, as far as Redis has told."""
        return self._beats if self._raised_as == incarnation else 0

    def raised(self, raised_as: Incarnation, beats: int, known: int | None = None) -> None:
        """Redis confirmed a raise and counts so many; `known` were known when it was posted, as far as that is not now.

        A count that begins again means that our presence was removed: we were taken for lost, or Redis was
        emptied. Either way what it held of us is gone, and we go on under a new name. The old presence, which
        this raise has brought back, stands still from now on: what may still be under that name, as when Redis
        came back with older data, is returned by whoever sees that. A count that merely fell behind is of such
        data, in which we are known; what differs was put right when we rejoined. And the first raise under a name
        may be answered behind the second, which went another way.
        """
        if raised_as != self._link.incarnation:
            return
        self.answered_at = trio.current_time()
        if known is None:
            known = self.known(raised_as)
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
        """Post a raise; what is posted to the first pipe after it may rely on this presence."""
        self._post(self._link.pipe, incarnation)

    def _post(self, way: Way, incarnation: Incarnation) -> None:
        known = self.known(incarnation)

        def answered(reply: Reply) -> None:
            if isinstance(reply, int):
                self.raised(incarnation, reply, known)
            elif isinstance(reply, StoreError):
                log.debug("presence not raised: %s", reply)

        way.post(self.raise_command(), answered, deadline=self._link.deadline())

    def leave(self) -> None:
        """We are about to take our presence out of Redis: raise it no more."""
        self._left = True

    async def run(self) -> None:
        """The duty: raise at every third of the TTL. Endless. Cancelled, it leaves the presence to stand still.

        It waits for no answer: the time of a trip would be added to each third.
        """
        while not self._left:
            await trio.sleep(self._interval_seconds)
            if self._link.pipe.connected and self._bulk.connected and not self._left:
                self._post(self._bulk, self._link.incarnation)

    async def raise_now(self) -> None:
        """Raise it once more; returns when Redis has confirmed it. Raises StoreError.

        So it also tells whether Redis runs our scripts, and writes.
        """
        raised_as = self._link.incarnation
        known = self.known(raised_as)
        beats = await self._link.pipe.ask(*self.raise_command(), timeout_seconds=self._link.store_timeout_seconds)
        if isinstance(beats, int):
            self.raised(raised_as, beats, known)
