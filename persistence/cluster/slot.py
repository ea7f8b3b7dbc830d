"""One slot as one way through the cluster sees it: at which node it is, and what waits until that is known again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from persistence.cluster.routed import Routed
from persistence.errors import StoreError

if TYPE_CHECKING:
    from persistence.cluster.node import Node

FLOOR_SECONDS: Final = 0.05
CEILING_SECONDS: Final = 0.5
"""A failover takes a second or more, the move of a slot some milliseconds; neither should have to wait for us."""


class Slot:
    """A slot somebody here has used.

    Attributes:
        number: which of all there are.
        key: a key in it.
        node: whom its commands go to, unless it is held.
        firm: something was posted about it that is held until replicas have it.
        in_flight: how many were sent there and not answered.
        held: what is posted waits, until the slot has been brought back.
        returning: it is being brought back.
        stale: something happened meanwhile that makes it necessary to begin anew.
        broken: a connection broke before all was answered.
        reason: why it is held.
        refused: what came back, not done or perhaps not, in the order in which it was posted.
        waiting: what was posted since, behind that.
        not_before: when the next try is due (trio's clock).
    """

    __slots__ = (
        "_pause", "broken", "firm", "held", "in_flight", "key", "node", "not_before", "number", "reason", "refused",
        "returning", "stale", "waiting",
    )  # fmt: skip

    def __init__(self, number: int, key: bytes) -> None:
        self.number = number
        self.key = key
        self.node: Node | None = None
        self.firm = False
        self.in_flight = 0
        self.held = False
        self.returning = False
        self.stale = False
        self.broken = False
        self.reason: StoreError | None = None
        self.refused: list[Routed] = []
        self.waiting: deque[Routed] = deque()
        self.not_before = 0.0
        self._pause = 0.0

    def put_off(self, now: float) -> None:
        """A try failed: wait a little, and longer each time."""
        self._pause = min(max(self._pause * 2, FLOOR_SECONDS), CEILING_SECONDS)
        self.not_before = now + self._pause

    def release(self, node: Node) -> list[Routed]:
        """From now on commands go to this node; first what has waited, in its order."""
        self.node, self.held, self.broken, self.reason, self._pause = node, False, False, None, 0.0
        queue = [*self.refused, *self.waiting]
        self.refused = []
        self.waiting.clear()
        return queue

    def take_what_cannot_wait(self) -> list[Routed]:
        """Take out what must not be repeated: questions for work, mostly, and who asks may ask again."""
        gone = [routed for routed in self.waiting if routed.again is None]
        self.forget(set(gone))
        return gone

    def forget(self, gone: set[Routed]) -> None:
        """Their callers were told that it is too late: what has not been sent never is."""
        self.refused = [routed for routed in self.refused if routed not in gone]
        self.waiting = deque(routed for routed in self.waiting if routed not in gone)
