"""The map of the cluster, kept up to date: read at the start, and anew whenever somebody has met what is not on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Final

import trio
from redis.crc import key_slot

from persistence.cluster.slots import NOBODY, SLOTS, Address, SlotMap, options_of, read_slots
from persistence.errors import StoreClusterError, StoreError, StoreUnavailableError
from persistence.options import RedisOptions
from persistence.threads import asked_in_thread

log = logging.getLogger(__name__)

PAUSE_SECONDS: Final = 0.05
"""Between two reads. A slot that moves makes every one who uses it ask for one."""
FIRST_PAUSE_SECONDS: Final = 0.2


@lru_cache(maxsize=65_536)
def slot_of(key: bytes) -> int:
    """The slot of a key."""
    return key_slot(key)


class Topology:
    """Says whose a slot is. `look_again` asks for a new map; who wants to hear of one puts a call into `on_change`."""

    def __init__(self, options: RedisOptions) -> None:
        self.options = options
        self.map: SlotMap = NOBODY
        self.on_change: list[Callable[[], None]] = []
        self._wanted = trio.Event()
        self._first: Address | None = None
        self._turn = 0

    def owner(self, slot: int) -> Address | None:
        """The node that has this slot, as far as is known."""
        return self.map.owners[slot]

    def options_of(self, address: Address) -> RedisOptions:
        """How to reach a node."""
        return options_of(self.options, address)

    def look_again(self, first: Address | None = None) -> None:
        """The map may be wrong: read it soon, and ask this node first."""
        self._first = first or self._first
        self._wanted.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The duty: reads the map, and again when asked to. Endless. Started when there is one.

        Raises:
            StoreError: there is no cluster, it does not let us in, slots are served by nobody, or no node could be
                reached within `connect_timeout_seconds`.
        """
        await self._read_first()
        task_status.started()
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            try:
                await self._read()
            except StoreError as error:
                log.debug("%s", error)  # the pipe to each of them tells of it
            await trio.sleep(PAUSE_SECONDS)

    async def _read_first(self) -> None:
        give_up_at = trio.current_time() + self.options.connect_timeout_seconds
        while True:
            late = trio.current_time() + FIRST_PAUSE_SECONDS >= give_up_at
            try:
                await self._read()
                if not self.map.uncovered:
                    return
                if late:
                    raise StoreClusterError(
                        f"{self.map.uncovered} of the {SLOTS} slots of the Redis Cluster at "
                        f"{self.options.cluster_address} are served by nobody: mend it (redis-cli --cluster check)"
                    )
            except StoreUnavailableError:
                if late:
                    raise
            await trio.sleep(FIRST_PAUSE_SECONDS)

    async def _read(self) -> None:
        candidates = list(self._candidates())
        what = f"cannot ask the nodes of the Redis Cluster at {self.options.cluster_address}"
        found = await asked_in_thread(what, partial(read_slots, self.options, candidates))
        if found != self.map:
            self.map = found
            for call in self.on_change:
                call()

    def _candidates(self) -> Iterator[Address]:
        """Whom to ask, and after whom: one that was named by a redirect first, the others in turns."""
        named = [Address(host, port) for host, port in self.options.cluster]
        known = sorted(self.map.primaries) + sorted(self.map.nodes - self.map.primaries)
        everybody = list(dict.fromkeys([*known, *named]))
        self._turn += 1
        at = self._turn % len(everybody) if known else 0
        first, self._first = self._first, None
        if first is not None:
            yield first
        yield from everybody[at:] + everybody[:at]
