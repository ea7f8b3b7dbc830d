"""Submits that the store refuses: said when it begins and when it is over, not 10,000 times in between."""

import logging

from persistence import StoreError
from persistence.remedies import with_remedy

log = logging.getLogger(__name__)


class Refusals:
    """The present streak of refused submits, if there is one."""

    def __init__(self) -> None:
        self._count = 0
        self._reason = ""

    def refused(self, error: StoreError) -> None:
        """The store refused a submit; its client was sent an ERROR."""
        self._count += 1
        if str(error) != self._reason:
            self._reason = str(error)
            what = with_remedy(error)
            log.error("jobs cannot be stored: %s. Clients that submit get an ERROR until it is healed", what)

    def accepted(self) -> None:
        """The store took a submit."""
        if self._count:
            log.warning("jobs are stored again; %d submits were refused", self._count)
            self._count, self._reason = 0, ""
