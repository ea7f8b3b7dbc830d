"""The pipe of what must be on replicas before it is accepted, where WAIT holds up neither claims nor notices.

It and the pipe of the claims (the *first*) break together, and it connects only behind the first. For what it carries
speaks under the generation that the first raises when it connects: so whatever an old connection of either may still
deliver is refused, and repeated, by the time that anything new is said here.
"""

from typing import Final

import trio

from persistence.barrier import check_replicas
from persistence.durability import Durability
from persistence.errors import StoreError, StoreUnavailableError
from persistence.events import StoreEvents
from persistence.handshake import Handshake
from persistence.keys import Keys
from persistence.options import RedisOptions
from persistence.outage import Outage
from persistence.pipe import Pipe
from persistence.rejoining import PROBED, load_scripts
from persistence.replication import Replication
from persistence.scripts import PROBE

TOGETHER: Final = "it is renewed together with another connection"


class Firm:
    """The pipe, what is held there until replicas have it, and the bond with the first pipe."""

    def __init__(
        self,
        options: RedisOptions,
        keys: Keys,
        durability: Durability,
        first: Pipe,
        outage: Outage,
        events: StoreEvents,
    ) -> None:
        self._options = options
        self._keys = keys
        self._replicas = durability.most_replicas
        self._first = first
        self._breaks_of_first = 0
        self._breaks_seen = 0
        self.pipe = Pipe(
            options,
            name="firm",
            before=self._wait_for_the_first,
            on_connect=self._on_connect,
            on_batch=events.batch_done,
            on_flush=lambda: self.replication.ask(),
            on_break=lambda error: first.renew(TOGETHER),
            outage=outage,
        )
        self.replication = Replication(self.pipe, options.silence_seconds, events.batch_done)

    def first_broke(self) -> None:
        """To be called when the first pipe breaks."""
        self._breaks_of_first += 1
        self.pipe.renew(TOGETHER)

    def begin_anew(self) -> None:
        """See persistence.ways.Firmly."""
        self.pipe.renew("it must not speak under the new name before that is known")

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The duty. Started when it is connected. Raises as `Pipe.run` does; StoreForgetsError for too few replicas."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.replication.run)
            await self.pipe.run(task_status=task_status)

    async def _wait_for_the_first(self) -> None:
        """Wait until the first pipe is connected and all that was asked there has been done.

        Raises StoreUnavailableError when it has ended.
        """
        while True:
            await self._first.wait_connected()
            self._breaks_seen = self._breaks_of_first
            try:
                await self._first.ask(b"PING")
            except StoreError:
                continue  # it is about to break, or the server stands still: either way it is asked again
            return

    async def _on_connect(self, handshake: Handshake) -> None:
        await load_scripts(handshake)
        if not self.pipe.statistics().connects:
            patience = self._options.connect_timeout_seconds
            await check_replicas(handshake, self._replicas, self._options.address, patience)
        await self.replication.repeat(handshake)
        # WAIT goes by what was last written on its own connection, and what was repeated may have written nothing.
        await handshake(*PROBE.call(self._keys.tag(PROBED)))
        if self._breaks_seen != self._breaks_of_first:
            raise StoreUnavailableError(TOGETHER)
