"""Submits that the store refuses: said when it begins and when it is over, not 10,000 times in between."""

import logging
from collections.abc import Callable
from typing import Final

import trio

from persistence import StoreError
from persistence.remedies import with_remedy

log = logging.getLogger(__name__)

QUIET_SECONDS: Final = 10.0
"""How long what was said is not said again. At the edge of its memory Redis takes a submit for each job that ends, and
refuses the next."""


class Refusals:
    """The present streak of refused submits, if there is one. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = trio.current_time) -> None:
        self._clock = clock
        self._count = 0
        self._told = False
        self._told_at: dict[str, float] = {}

    def refused(self, error: StoreError) -> None:
        """The store refused a submit; its client was sent an ERROR."""
        self._count += 1
        reason, now = str(error), self._clock()
        if now - self._told_at.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told = True
            self._told_at = {said: at for said, at in self._told_at.items() if now - at < QUIET_SECONDS} | {reason: now}
            what = with_remedy(error)
            log.error("jobs cannot be stored: %s. Clients that submit get an ERROR until it is healed", what)

    def accepted(self) -> None:
        """The store took a submit."""
        if self._told:
            log.warning("jobs are stored again; %d submits were refused", self._count)
            self._count, self._told = 0, False
