"""WAIT on one pipe: how many replicas have all that was written there before.

It holds up its connection, so one is on the way at a time, which answers for all that was posted before it. It is
asked for a short while only, again and again, so that what else travels on that pipe is not held up for long by a
replica that is away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import trio

from persistence.errors import StoreForgetsError
from persistence.handshake import Ask
from persistence.pipe import Pipe
from persistence.replies import Reply, expect_int
from persistence.unconfirmed import Unconfirmed, spelled

SLICE_SECONDS: Final = 0.25
"""How long one WAIT may hold up what stands behind it."""


class Barrier:
    """The WAIT that is on the way on a pipe. `held` tells what was written there and waits to be confirmed.

    Attributes:
        found: how many replicas confirmed the last one in time.
    """

    def __init__(self, pipe: Pipe, silence_seconds: float, held: Callable[[], Iterable[Unconfirmed]]) -> None:
        self.found = 0
        self._pipe = pipe
        self._held = held
        self._slice_milliseconds = int(1000 * min(SLICE_SECONDS, silence_seconds / 2)) or 1
        self._wanted = 0
        self._waiting = False

    def expect(self, replicas: int) -> None:
        """Something was posted that so many must have."""
        self.want(replicas)
        if not self._pipe.gathering:
            self.ask()

    def cover(self, replicas: int) -> None:
        """Something was taken: what is on the way was posted behind it; if nothing is, nobody asks about it."""
        if not self._waiting:
            self.expect(replicas)

    def want(self, replicas: int) -> None:
        """The next WAIT is for so many."""
        self._wanted = max(self._wanted, replicas)

    def ask(self) -> None:
        """Post the WAIT for all that was posted before, unless there is nothing or one is on the way."""
        if self._wanted and not self._waiting:
            self._waiting = True
            wanted, self._wanted = self._wanted, 0
            self._pipe.post([b"WAIT", wanted, self._slice_milliseconds], self._answered)

    def _answered(self, reply: Reply) -> None:
        self._waiting = False
        if not isinstance(reply, int):
            return  # it broke, and what is held is repeated; or it was refused, and `ask_again` is called before long
        self.found = reply
        for unconfirmed in self._held():
            unconfirmed.confirm(reply)
        self.ask_again()

    def ask_again(self) -> None:
        """Ask for all that is held, if nobody does."""
        if not self._waiting and self._pipe.connected:
            self.expect(max((unconfirmed.wanted for unconfirmed in self._held()), default=0))


async def check_replicas(ask: Ask, wanted: int, address: str, patience_seconds: float) -> None:
    """See that the server has so many replicas, which may take some time to come.

    Raises StoreForgetsError if it has not, and StoreRefusedError if it does not let us ask.
    """
    deadline = trio.current_time() + patience_seconds
    while (found := expect_int(await ask(b"WAIT", wanted, int(SLICE_SECONDS * 1000)))) < wanted:
        if trio.current_time() >= deadline:
            raise StoreForgetsError(
                f"--durability wants jobs on {spelled(wanted)} before they are accepted, and Redis at {address} "
                f"reaches {found}: connect more replicas to it, or ask for fewer"
            )
