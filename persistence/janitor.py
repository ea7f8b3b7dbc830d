"""The janitor finds brokers that are lost and returns what they had: running jobs, and ears that hear no more.

A broker is lost when its presence stood still for a whole TTL by this janitor's own clock, while our own raises
were answered: then it is not Redis that is away. It is *fenced* first, in every function, so that nothing it may
still send is obeyed. Every step may be done twice, by two janitors or by one that was killed in between.
"""

import logging
from typing import Final

import trio

from persistence.errors import StoreError
from persistence.in_reach import AT_ONCE, each_in_reach
from persistence.keeper import Keeper
from persistence.link import Link
from persistence.records import Incarnation, spell
from persistence.replies import expect_bytes, expect_dict, expect_int, expect_list
from persistence.scripts import FENCE
from persistence.sightings import Sightings
from persistence.strays import Strays
from persistence.way import Way

log = logging.getLogger(__name__)

FENCE_STEPS: Final = 100
"""Jobs returned at a time, of all functions together: few enough that Redis serves others in between."""
FENCES_KEPT_SECONDS: Final = 86_400
LOOKS_PER_TTL: Final = 5
STRAY_SECONDS: Final = 60.0
"""How often names without a presence are looked for, at most: a walk over all functions, for what hardly ever is."""


class Janitor:
    """Watches the presences of all brokers."""

    def __init__(self, link: Link, bulk: Way, keeper: Keeper, presence_ttl_seconds: float) -> None:
        self._link = link
        self._bulk = bulk
        self._keeper = keeper
        self._ttl_seconds = presence_ttl_seconds
        self._sightings = Sightings(presence_ttl_seconds, trio.current_time())
        self.strays = Strays(link, bulk)
        self.stray_seconds = max(STRAY_SECONDS, presence_ttl_seconds)
        """So long are two looks for names without a presence apart: whoever lives raises its own in between."""
        self._strays_at = trio.current_time()
        self.others: tuple[Incarnation, ...] = ()
        """The brokers that live beside this one, as of the last look."""
        self._returning = 0
        """From how many functions jobs are being returned."""

    async def run(self) -> None:
        """The duty: look around several times per TTL. Endless; a broker half returned is returned on by the next."""
        while True:
            await trio.sleep(self._ttl_seconds / LOOKS_PER_TTL)
            try:
                for lost in self.lapsed(await self.look()):
                    await self.return_everything_of(lost)
                if trio.current_time() >= self._strays_at + self.stray_seconds:
                    await self.return_strays()
            except StoreError as error:
                self.strays.forget()
                log.debug("the janitor could not look around: %s", error)

    async def return_strays(self) -> None:
        """Return what brokers had of which no presence tells. Raises StoreError, as `return_everything_of`."""
        self._strays_at = trio.current_time()
        for lost in await self.strays.find():
            await self.return_everything_of(lost)

    async def look(self) -> dict[Incarnation, int]:
        """Every presence there is, and how far it has come. Raises StoreError in an outage."""
        reply = await self._bulk.ask(b"HGETALL", self._link.keys.beats)
        return {Incarnation(name): int(expect_bytes(beats)) for name, beats in expect_dict(reply).items()}

    def lapsed(self, presences: dict[Incarnation, int]) -> list[Incarnation]:
        """Which of the other brokers are lost."""
        own = self._link.incarnation
        self.others = tuple(name for name in presences if name != own)
        lapsed = self._sightings.lapsed(presences, trio.current_time(), self._keeper.answered_at)
        return [name for name in lapsed if name != own]

    async def return_everything_of(self, lost: Incarnation) -> None:
        """Fence a lost broker in every function and return its jobs, in bounded steps. Safe to repeat.

        Raises StoreError in an outage; then, and when cancelled, its presence remains to be found again.
        """
        keys = self._link.keys
        digests = await self._bulk.ask(b"HKEYS", keys.functions)
        log.warning("broker %s is lost; returning its jobs", spell(lost).decode())
        tags = [keys.tag(expect_bytes(digest)) for digest in expect_list(digests)]
        await each_in_reach(self._bulk, tags, lambda tag: self._return_from(tag, lost), AT_ONCE)
        await self._bulk.ask(b"HDEL", keys.beats, lost)
        await self._bulk.ask(b"HDEL", keys.brokers, lost)
        self._sightings.forget(lost)

    async def _return_from(self, tag: bytes, lost: Incarnation) -> None:
        remaining = 1
        self._returning += 1
        try:
            while remaining:
                steps = max(1, FENCE_STEPS // self._returning)
                reply = await self._bulk.ask(*FENCE.call(tag, lost, steps, FENCES_KEPT_SECONDS))
                remaining = expect_int(expect_list(reply)[1])
        finally:
            self._returning -= 1
