"""Jobs that Redis has taken and that its replicas may not have yet: nobody hears of one before enough of them do.

When the connection breaks, or the slot of a cluster is moved, the server that is asked next may be one that never got
the job. So whatever is held is asked once more there, in its order and before anything new; that stores it again, or
finds it.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from persistence.errors import StoreError, StoreUnavailableError, TooFewReplicasError
from persistence.handshake import Ask
from persistence.replies import Command, Reply


class Held(Protocol):
    """Something that Redis has taken."""

    @property
    def tag(self) -> bytes:
        """Where it is: its function's."""

    @property
    def replicas(self) -> int:
        """How many must have it."""

    @property
    def deadline(self) -> float:
        """By when (trio's clock)."""

    def command(self) -> Command:
        """To ask for it once more."""

    def repeated(self, reply: Reply) -> None:
        """The reply to that; it may be held again."""

    def confirmed(self) -> None:
        """So many have it."""

    def unconfirmed(self, error: StoreError) -> None:
        """They did not in time. It may be stored all the same."""


class Holding(Protocol):
    """Who holds it; see `persistence.replication.Replication` and `persistence.cluster.slot_holding.SlotHolding`."""

    def expect(self, tag: bytes, replicas: int) -> None:
        """Something was posted about this function that will be held until so many have it."""

    def hold(self, held: Held) -> None:
        """Redis has taken it. To be called with the reply, so that it is held before the WAIT behind it is answered."""


class Unconfirmed:
    """What is held of one place, a server or a slot, in the order in which it was taken."""

    def __init__(self) -> None:
        self._held: deque[Held] = deque()

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def wanted(self) -> int:
        """How many replicas must have all of it."""
        return max((held.replicas for held in self._held), default=0)

    def hold(self, held: Held) -> None:
        """One more."""
        self._held.append(held)

    def confirm(self, replicas: int) -> None:
        """So many have all of it."""
        lacking = deque[Held]()
        for held in self._held:
            if held.replicas <= replicas:
                held.confirmed()
            else:
                lacking.append(held)
        self._held = lacking

    def expire(self, now: float, found: int | None) -> bool:
        """Tell those whose time is up; whether there were any. `found`: as many had it; None: nobody could be asked."""
        # Not only the oldest: what had to come again, or has less patience, is held behind what may wait for longer.
        late = [held for held in self._held if held.deadline <= now]
        if late:
            self._held = deque(held for held in self._held if held.deadline > now)
        for held in late:
            held.unconfirmed(_too_few(found, held.replicas))
        return bool(late)

    async def repeat(self, ask: Ask) -> None:
        """Ask once more for all of it, at a server that may never have got it.

        A StoreError that `ask` raises leaves everything as it is.
        """
        asked = tuple(self._held)
        replies = await ask.many([held.command() for held in asked])
        still = set(map(id, self._held))
        self._held.clear()
        for held, reply in zip(asked, replies, strict=True):
            if id(held) in still:
                held.repeated(reply)


def spelled(replicas: int) -> str:
    """So many replicas, in words."""
    return f"{replicas} replica{'s' if replicas != 1 else ''}"


def _too_few(found: int | None, wanted: int) -> StoreError:
    if found is None or found >= wanted:
        return StoreUnavailableError("Redis did not answer in time", sent=True)
    text = f"only {found} of {spelled(wanted)} confirmed the job in time; it may run all the same"
    return TooFewReplicasError(text, sent=True)
