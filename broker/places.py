"""How many connections may be served at once: as many as an operator wants, and as descriptors allow."""

import logging
import resource
from pathlib import Path
from typing import Final

import trio

log = logging.getLogger(__name__)

KEPT_BACK: Final = 16
"""So many descriptors are for no peer: a broker whose connections to Redis break while its peers hold all others could
not come back before some of them leave, and who waits for a broker does not leave."""
OPEN_ONES: Final = Path("/dev/fd")
AS_A_RULE: Final = 32
"""So many are open when a broker begins to serve."""
AS_ASKED: Final = "there are --max-connections connections; more wait until one of them ends"
AS_ALLOWED: Final = (
    "there are as many connections as descriptors allow; more wait until one of them ends. Raise --file-descriptors"
)


class Places:
    """Places for connections. Who comes when all are taken waits to be accepted.

    Args:
        most: as many as there are; None: without end.
        asked_for: whether that is what an operator wants, and not what the system allows.
    """

    def __init__(self, most: int | None, *, asked_for: bool = True) -> None:
        self._limiter = None if most is None else trio.Semaphore(most, max_value=most)
        self._asked_for = asked_for
        self._was_full = False

    async def take(self) -> None:
        """Take a place; wait for one if none is free. Not a checkpoint else: who comes in would wait a turn more."""
        if self.take_now():
            self._was_full = False
            return
        assert self._limiter is not None
        if not self._was_full:
            if self._asked_for:
                log.warning(AS_ASKED)
            else:
                log.warning(AS_ALLOWED)
        self._was_full = True
        await self._limiter.acquire()

    def take_now(self) -> bool:
        """Take a place if one is free."""
        if self._limiter is not None:
            try:
                self._limiter.acquire_nowait()
            except trio.WouldBlock:
                return False
        return True

    def leave(self) -> None:
        """A place is free again."""
        if self._limiter is not None:
            self._limiter.release()


def places_beside(max_connections: int | None) -> Places:
    """As many as asked for, but for what is open already, and for what must be able to open (`KEPT_BACK`)."""
    allowed = _descriptors_for_peers()
    if allowed is None or (max_connections is not None and max_connections <= allowed):
        return Places(max_connections)
    return Places(allowed, asked_for=False)


def _descriptors_for_peers() -> int | None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        opened = len(list(OPEN_ONES.iterdir()))
    except OSError:  # a root directory of its own that has no /proc
        opened = AS_A_RULE
    return max(limit - opened - KEPT_BACK, 1)
