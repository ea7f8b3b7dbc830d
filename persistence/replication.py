"""What is held at one server until its replicas have it, and who knows whose time is up."""

from __future__ import annotations

from collections.abc import Callable

import trio

from persistence.barrier import Barrier
from persistence.deadlines import TICK_SECONDS
from persistence.handshake import Ask
from persistence.pipe import Pipe
from persistence.unconfirmed import Held, Unconfirmed


class Replication:
    """See persistence.unconfirmed.Holding. `told` is called when some have been told, out of turn."""

    def __init__(self, pipe: Pipe, silence_seconds: float, told: Callable[[], None]) -> None:
        self._told = told
        self._unconfirmed = Unconfirmed()
        self._barrier = Barrier(pipe, silence_seconds, lambda: (self._unconfirmed,))
        self._holding = trio.Event()

    def expect(self, tag: bytes, replicas: int) -> None:
        """See Holding."""
        self._barrier.expect(replicas)

    def hold(self, held: Held) -> None:
        """See Holding."""
        self._unconfirmed.hold(held)
        self._holding.set()

    def ask(self) -> None:
        """Post the WAIT for all that was posted before."""
        self._barrier.ask()

    async def run(self) -> None:
        """The duty that knows whose time is up. Endless; cancelled, what is held stays so and nobody is told."""
        while True:
            self._holding = trio.Event()
            if not self._unconfirmed:
                await self._holding.wait()
            await trio.sleep(TICK_SECONDS)
            if self._unconfirmed.expire(trio.current_time(), self._barrier.found):
                self._told()
            self._barrier.ask_again()

    async def repeat(self, ask: Ask) -> None:
        """A new connection: ask once more for all that is held."""
        await self._unconfirmed.repeat(ask)
        self._barrier.want(self._unconfirmed.wanted)
        self._told()
