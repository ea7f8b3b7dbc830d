"""Which reply answers which command, on one connection. Knows no sockets.

Redis answers in order, so the oldest command in flight owns the next reply. Three things are not replies: a
push message; the push messages that confirm a subscription, which come in its place in that order; and the
reply to a command whose caller has been told that none came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import hiredis
from hiredis import PushNotification

from persistence.errors import StoreRefusedError
from persistence.pipe_statistics import Counters
from persistence.posted import Posted
from persistence.replies import NOT_YET, Reply, new_reader

LOST_SCRIPTS: Final = {"NOSCRIPT": "it lost our scripts"}
NO_MASTER: Final = {"READONLY": "it is a replica now"}
"""For a connection to whichever server is the master."""
NO_MEMORY: Final = "this process has no memory for what it says: give it more"
_READER_HAS_NONE: Final = "Out of memory"
"""hiredis says it so where Python says MemoryError."""


class Exchange:
    """Matches what one connection hears with what was said on it.

    `parting` are words of error replies that end it, and why. The command stays in flight: what may be repeated is, in
    its order, on the next connection.

    Attributes:
        in_flight: the commands sent and not answered, oldest first.
        greeted: whether the connection has been prepared, and is open for all.
        refusal: the last error reply before that; a server that lets nobody in says why and hangs up.
    """

    def __init__(
        self,
        on_push: Callable[[list[Reply]], None],
        counters: Counters,
        parting: Mapping[str, str] = LOST_SCRIPTS,
    ) -> None:
        self.in_flight: deque[Posted] = deque()
        self.greeted = False
        self.refusal: StoreRefusedError | None = None
        self._on_push = on_push
        self._counters = counters
        self._parting = parting
        self._reader = new_reader()
        self._sent = 0
        self._ends_of_writes: deque[int] = deque()

    def sent(self, commands: Sequence[Posted]) -> None:
        """These are about to leave as one write, in this order, behind all that left before."""
        self._forget_answered_writes()
        self.in_flight.extend(commands)
        self._sent += len(commands)
        self._ends_of_writes.append(self._sent)

    @property
    def unanswered_writes(self) -> int:
        """How many of the writes have not been answered to their last command."""
        self._forget_answered_writes()
        return len(self._ends_of_writes)

    def _forget_answered_writes(self) -> None:
        ends, answered = self._ends_of_writes, self._sent - len(self.in_flight)
        while ends and ends[0] <= answered:
            ends.popleft()

    def received(self, data: bytes) -> str | None:
        """Hand every reply and push message that is whole by now to whom it concerns, in stream order.

        Returns:
            None, or the reason why this connection must not be used any further.
        """
        try:
            self._reader.feed(data)
        except MemoryError:
            return NO_MEMORY
        try:
            return self._hand_out()
        except hiredis.ProtocolError as error:
            return NO_MEMORY if str(error) == _READER_HAS_NONE else f"it does not speak RESP: {error}"

    def _hand_out(self) -> str | None:
        """The hot loop: most replies are plain, and owned by a command that has nothing special about it."""
        gets, in_flight = self._reader.gets, self.in_flight
        replies = 0
        try:
            while True:
                try:
                    reply = gets()
                except MemoryError:  # whose reply that was is in flight still
                    return NO_MEMORY
                if reply is NOT_YET:
                    return None
                kind = type(reply)
                if kind is PushNotification:
                    self._push(reply)
                    continue
                replies += 1
                if not in_flight:
                    return f"it said unasked: {reply!s:.200}"
                if kind is StoreRefusedError:
                    if not self.greeted:
                        self.refusal = reply
                    elif reply.word in self._parting:
                        return self._parting[reply.word]
                elif in_flight[0].confirmations is not None:
                    return "its answers are out of step"
                in_flight.popleft().settle(reply)
        finally:
            self._counters.replies += replies

    def _push(self, push: list[Reply]) -> None:
        """Pass on a push message, unless it confirms a subscription: its last channel is its reply."""
        self._counters.pushes += 1
        confirmations = self.in_flight[0].confirmations if self.in_flight else None
        if confirmations is None or not confirmations.take(push):
            self._on_push(push)
        elif not confirmations.channels:
            self.in_flight.popleft().settle(push)
