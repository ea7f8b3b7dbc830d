"""The inspector looks now and then whether the servers still sync before they answer, for CONFIG SET needs no connect.

A server that was not fit when a connection was made is not used at all (`persistence.syncing`). One that stops later
goes on: the operator did that on purpose, or is about to undo it, and what he needs is to be told what it means.
"""

from __future__ import annotations

import logging
from typing import Final

import trio

from persistence.conversation import Conversation
from persistence.durability import Durability
from persistence.errors import StoreError, StoreForgetsError
from persistence.pipe import Pipe
from persistence.syncing import check_that_it_syncs
from persistence.way import Way

log = logging.getLogger(__name__)

INSPECTION_SECONDS: Final = 30.0
"""One question to each server in that time; a warning is of use as long as somebody remembers what he has changed."""


class Inspector:
    """Knows which servers were found wanting."""

    def __init__(self, way: Way, durability: Durability, interval_seconds: float = INSPECTION_SECONDS) -> None:
        self._way = way
        self._durability = durability
        self._interval_seconds = interval_seconds
        self._wanting: set[str] = set()

    async def run(self) -> None:
        """The duty. Endless, if the servers are to sync; cancelled at any point it leaves nothing half done."""
        while self._durability.fsync:
            await trio.sleep(self._interval_seconds)
            for server in self._way.servers:
                try:
                    await self._look_at(server)
                except StoreError as error:
                    log.debug("it was not found out whether Redis still syncs: %s", error)

    async def _look_at(self, server: Pipe) -> None:
        address = server.address
        try:
            await check_that_it_syncs(Conversation(server), address, vouched=self._durability.vouched)
        except StoreForgetsError as error:
            if address not in self._wanting:
                self._wanting.add(address)
                log.warning("jobs that are accepted from now on may be lost: %s", error)
        else:
            if address in self._wanting:
                self._wanting.remove(address)
                log.warning("Redis at %s syncs every job to its disk again", address)
