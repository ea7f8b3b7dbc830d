"""How long a packet may be under way: a peer that has begun one must send the rest in time."""

import math
from typing import Final

import trio

from persistence.io_wait import notify_deadline

STOOD_STILL_SECONDS: Final = 1.0
"""A deadline noticed so late says that this process stood still, and that what the peer sent may lie unread."""
SLOWEST_BYTES_PER_SECOND: Final = 16_384
"""A packet under way may take the packet timeout, and the time that its bytes take at this rate."""


class PacketClock:
    """The deadline of the packet that a peer has begun. Without one, there is no deadline.

    Args:
        timeout_seconds: from the first byte of a packet to its last, for one of no size.

    Attributes:
        runs: whether a packet is under way, as far as the last look told.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._began = self._deadline = math.inf
        self._packets = 0
        self.runs = False
        self._scope = trio.CancelScope()

    def listening(self) -> trio.CancelScope:
        """What the peer is listened to in: cancelled when the time of its packet is up."""
        self._scope = trio.CancelScope(deadline=self._deadline)
        return self._scope

    def stop_listening(self) -> None:
        """Leave that scope at once."""
        self._scope.cancel()

    def ran_out(self) -> bool:
        """Whether the scope was left because the time of a packet was up.

        What came in the same moment has been handled by then, and has put the deadline off.
        """
        return self._scope.cancelled_caught and 0 <= trio.current_time() - self._deadline < STOOD_STILL_SECONDS

    def look(self, pending: int, packets: int) -> None:
        """So many bytes of a packet are here, or 0; so many packets came before it."""
        if not pending:
            if self.runs:
                self.runs = False
                self._began = self._deadline = self._scope.deadline = math.inf
            return
        begins = not self.runs
        self.runs = True
        if packets != self._packets or self._began == math.inf:
            self._packets = packets
            self._began = trio.current_time()
        self._deadline = self._began + self._timeout_seconds + pending / SLOWEST_BYTES_PER_SECOND
        self._scope.deadline = self._deadline
        if begins:
            notify_deadline()

    def forget(self) -> None:
        """It was us who did not read: at the next look, a packet that is under way has all of its time before it."""
        self._began = math.inf
