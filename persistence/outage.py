"""An outage of Redis as operators hear of it: it begins once and ends once, however many pipes notice it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from persistence.errors import StoreError, StoreRefusedError
from persistence.remedies import with_remedy

log = logging.getLogger(__name__)


class Outage:
    """What all pipes to one Redis know of its absence.

    A break that the next attempt heals is one line, when it is healed. Anything longer is one when that attempt has
    failed, one for each other reason met later, and one when every pipe is connected again.

    Attributes:
        reason: why Redis is away; None while it is not, or that is not known yet.
        changed: called when `reason` says something else.
    """

    def __init__(self, address: str) -> None:
        self.reason: StoreError | None = None
        self.changed: Callable[[], None] = lambda: None
        self._address = address
        self._away: set[str] = set()
        self._since = 0.0
        self._broke: StoreError | None = None
        self._told: set[str] = set()

    def broke(self, pipe: str, error: StoreError) -> None:
        """A connection that stood has ended."""
        self._begin(pipe)
        if self._broke is None:
            self._broke = error
            log.info("the connection to Redis at %s was lost: %s; connecting again", self._address, error)

    def failed(self, pipe: str, error: StoreError) -> None:
        """An attempt to connect came to nothing; there will be another."""
        self._begin(pipe)
        # Of one that cannot be reached the error says all; what --redis names was right when this broker started.
        text = with_remedy(error) if isinstance(error, StoreRefusedError) else str(error)
        if not self._told:
            log.warning("Redis is away: %s; trying again", text)
        elif text not in self._told:
            log.warning("Redis is still away: %s", text)
        self._told.add(text)
        self._change(error)

    def connected(self, pipe: str) -> None:
        """A connection stands."""
        if pipe not in self._away:
            return
        self._away.remove(pipe)
        if self._away:
            return
        if self._told:
            log.warning("Redis at %s is back, after %.1f s", self._address, trio.current_time() - self._since)
        else:
            log.warning("the connection to Redis at %s was lost and is back: %s", self._address, self._broke)
        self._told.clear()
        self._broke = None
        self._change(None)

    def _begin(self, pipe: str) -> None:
        if not self._away:
            self._since = trio.current_time()
        self._away.add(pipe)

    def _change(self, reason: StoreError | None) -> None:
        before, self.reason = self.reason, reason
        if str(before) != str(reason):
            self.changed()
