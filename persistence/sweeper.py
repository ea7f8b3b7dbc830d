"""The sweeper takes ghosts out of queues: ids of jobs that went before they were handed out.

Claims step over them anyway, some at a time; but a queue that is mostly ghosts, as when a client with a million
waiting jobs hung up, costs memory, and its next worker a long way to the first job.
"""

import logging
from typing import Final

import trio

from persistence.errors import StoreError
from persistence.in_reach import each_in_reach
from persistence.link import Link
from persistence.replies import expect_bytes, expect_list
from persistence.scripts import SWEEP
from persistence.way import Way

log = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 30.0
SWEEP_STEPS: Final = 1000
"""Ids looked at per script: about a millisecond."""
FEW_GHOSTS: Final = 1000


class Sweeper:
    """Looks at every queue from time to time. Two brokers that sweep the same one do no harm."""

    def __init__(self, link: Link, bulk: Way) -> None:
        self._link = link
        self._bulk = bulk

    async def run(self, interval_seconds: float = SWEEP_SECONDS) -> None:
        """The duty. Endless; cancelled between two steps, a queue is swept on by whoever comes next."""
        while True:
            await trio.sleep(interval_seconds)
            try:
                await self.sweep()
            except StoreError as error:
                log.debug("the sweeper could not ask Redis: %s", error)

    async def sweep(self, steps: int = SWEEP_STEPS, few: int = FEW_GHOSTS) -> None:
        """Sweep every queue that needs it. Raises StoreError in an outage."""
        keys = self._link.keys
        digests = expect_list(await self._bulk.ask(b"HKEYS", keys.functions))

        async def sweep_one(tag: bytes) -> None:
            command = self.step(tag, steps, few)
            while await self._bulk.ask(*command) == b"more":
                pass

        await each_in_reach(self._bulk, [keys.tag(expect_bytes(digest)) for digest in digests], sweep_one)

    def step(self, tag: bytes, steps: int, few: int) -> list[bytes | int]:
        """The command that looks at some ids of the function with this tag, if it has more ghosts than a few."""
        return SWEEP.call(tag, steps, few)
