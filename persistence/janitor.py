"""The janitor finds brokers that are lost and returns what they had: running jobs, and ears that hear no more.

A broker is lost when its presence stood still for a whole TTL by this janitor's own clock, while our own raises
were answered: then it is not Redis that is away. It is *fenced* first, in every function, so that nothing it may
still send is obeyed. Every step may be done twice, by two janitors or by one that was killed in between.
"""

import logging
from dataclasses import dataclass
from typing import Final

import trio

from persistence.errors import StoreError
from persistence.keeper import Keeper
from persistence.link import Link
from persistence.pipe import Pipe
from persistence.replies import Reply, expect_bytes, expect_int, expect_list
from persistence.records import Incarnation, spell
from persistence.scripts import FENCE

log = logging.getLogger(__name__)

FENCE_STEPS: Final = 100
"""Jobs returned per script: few enough that Redis serves others in between."""
FENCES_KEPT_SECONDS: Final = 86_400
LOOKS_PER_TTL: Final = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a presence had come when it was last seen to move (trio's clock)."""

    beats: int
    moved_at: float


class Janitor:
    """Watches the presences of all brokers."""

    def __init__(self, link: Link, bulk: Pipe, keeper: Keeper, presence_ttl_seconds: float) -> None:
        self._link = link
        self._bulk = bulk
        self._keeper = keeper
        self._ttl_seconds = presence_ttl_seconds
        self._seen: dict[Incarnation, Sight] = {}
        self._looked_at = trio.current_time()
        self.others: tuple[Incarnation, ...] = ()
        """The brokers that live beside this one, as of the last look."""

    async def run(self) -> None:
        """The duty: look around several times per TTL. Endless; a broker half returned is returned on by the next."""
        while True:
            await trio.sleep(self._ttl_seconds / LOOKS_PER_TTL)
            try:
                for lost in self.lapsed(await self.look()):
                    await self.return_everything_of(lost)
            except StoreError as error:
                log.debug("the janitor could not look around: %s", error)

    async def look(self) -> dict[Incarnation, int]:
        """Every presence there is, and how far it has come. Raises StoreError in an outage."""
        reply = await self._bulk.ask(b"HGETALL", self._link.keys.beats)
        return {Incarnation(name): int(beats) for name, beats in _pairs(reply)}

    def lapsed(self, presences: dict[Incarnation, int]) -> list[Incarnation]:
        """Which of them stood still for a whole TTL while Redis was there for us."""
        now = trio.current_time()
        interval = now - self._looked_at
        self._looked_at = now
        # A look that was late itself (Redis away, this process stopped) proves nothing about the time in between.
        blind = interval > self._ttl_seconds / 2 or now - self._keeper.answered_at > self._ttl_seconds
        seen = {}
        for name, beats in presences.items():
            before = self._seen.get(name)
            moved = before is None or before.beats != beats
            seen[name] = Sight(beats, now) if moved or blind or before is None else before
        self._seen = seen
        self.others = tuple(name for name in presences if name != self._link.incarnation)
        return [
            name
            for name, sight in seen.items()
            if now - sight.moved_at >= self._ttl_seconds and name != self._link.incarnation
        ]

    async def return_everything_of(self, lost: Incarnation) -> None:
        """Fence a lost broker in every function and return its jobs, in bounded steps. Safe to repeat.

        Raises StoreError in an outage; then, and when cancelled, its presence remains to be found again.
        """
        keys = self._link.keys
        names = await self._bulk.ask(b"SMEMBERS", keys.functions)
        log.warning("broker %s is lost; returning its jobs", spell(lost).decode())
        for name in map(expect_bytes, expect_list(names)):
            tag = self._link.functions.meet(name).tag
            remaining = 1
            while remaining:
                reply = await self._bulk.ask(*FENCE.call(tag, lost, FENCE_STEPS, FENCES_KEPT_SECONDS))
                remaining = expect_int(expect_list(reply)[1])
        await self._bulk.ask(b"HDEL", keys.beats, lost)
        await self._bulk.ask(b"HDEL", keys.brokers, lost)
        self._seen.pop(lost, None)


def _pairs(reply: Reply) -> list[tuple[bytes, bytes]]:
    if isinstance(reply, dict):
        return [(name, expect_bytes(value)) for name, value in reply.items()]
    flat = [expect_bytes(part) for part in expect_list(reply)]
    return list(zip(flat[::2], flat[1::2], strict=True))
