"""Jobs that Redis has taken and that its replicas may not have yet: nobody hears of one before enough of them do.

Redis is asked by WAIT, which holds up its connection, so what must be waited for has a pipe of its own, and one WAIT
is on the way at a time: it answers for all that was posted before it. It is asked for a short while only, again and
again, so that what else travels on that pipe is not held up for long by a replica that is away.

When the connection breaks, the server behind the next one may be a replica that never got the job. So whatever is
held is asked once more there, in its order and before anything new; that stores it again, or finds it.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import trio

from persistence.errors import StoreError, StoreForgetsError, StoreUnavailableError, TooFewReplicasError
from persistence.handshake import Handshake
from persistence.pipe import Pipe
from persistence.replies import Command, Reply, expect_int

SLICE_SECONDS: Final = 0.25
"""How long one WAIT may hold up what stands behind it."""
TICK_SECONDS: Final = 0.1
"""How late it may be noticed that somebody's time is up, as in the pipe."""


class Held(Protocol):
    """Something that Redis has taken."""

    @property
    def replicas(self) -> int:
        """How many must have it."""

    @property
    def deadline(self) -> float:
        """By when (trio's clock). Of two, what is held later has no earlier one."""

    def command(self) -> Command:
        """To ask for it once more."""

    def repeated(self, reply: Reply) -> None:
        """The reply to that; it may be held again."""

    def confirmed(self) -> None:
        """So many have it."""

    def unconfirmed(self, error: StoreError) -> None:
        """They did not in time. It may be stored all the same."""


class Replication:
    """What is held, and the WAIT that is on the way for it. `told` is called when some have been told, out of turn."""

    def __init__(self, pipe: Pipe, silence_seconds: float, told: Callable[[], None]) -> None:
        self._pipe = pipe
        self._told = told
        self._slice_milliseconds = int(1000 * min(SLICE_SECONDS, silence_seconds / 2)) or 1
        self._held: deque[Held] = deque()
        self._holding = trio.Event()
        self._wanted = 0
        self._waiting = False
        self._counted = 0

    def expect(self, replicas: int) -> None:
        """Something was posted that will be held until so many have it."""
        self._wanted = max(self._wanted, replicas)
        if not self._pipe.gathering:
            self.ask()

    def hold(self, held: Held) -> None:
        """Redis has taken it. To be called with the reply, so that it is held before the WAIT behind it is answered."""
        self._held.append(held)
        self._holding.set()

    def ask(self) -> None:
        """Post the WAIT for all that was posted before, unless there is nothing or one is on the way."""
        if self._wanted and not self._waiting:
            self._waiting = True
            wanted, self._wanted = self._wanted, 0
            self._pipe.post([b"WAIT", wanted, self._slice_milliseconds], self._answered)

    def _answered(self, reply: Reply) -> None:
        self._waiting = False
        if not isinstance(reply, int):
            return  # it broke, and `repeat` will see to it; or it was refused, and the next tick asks again
        self._counted = reply
        lacking = deque[Held]()
        for held in self._held:
            if held.replicas <= reply:
                held.confirmed()
            else:
                lacking.append(held)
        self._held = lacking
        self._ask_again()

    def _ask_again(self) -> None:
        for held in self._held:
            self._wanted = max(self._wanted, held.replicas)
        if not self._pipe.gathering:
            self.ask()

    async def run(self) -> None:
        """The duty that knows whose time is up. Endless; cancelled, what is held stays so and nobody is told."""
        while True:
            self._holding = trio.Event()
            if not self._held:
                await self._holding.wait()
            await trio.sleep(TICK_SECONDS)
            self._expire(trio.current_time())
            if self._held and not self._waiting and self._pipe.connected:
                self._ask_again()

    def _expire(self, now: float) -> None:
        late: list[Held] = []
        while self._held and self._held[0].deadline <= now:
            late.append(self._held.popleft())
        for held in late:
            held.unconfirmed(_too_few(self._counted, held.replicas))
        if late:
            self._told()

    async def repeat(self, handshake: Handshake) -> None:
        """A new connection: ask once more for all that is held."""
        asked = tuple(self._held)
        replies = await handshake.many([held.command() for held in asked])
        still = set(map(id, self._held))
        self._held.clear()
        for held, reply in zip(asked, replies, strict=True):
            if id(held) in still:
                held.repeated(reply)
        for held in self._held:
            self._wanted = max(self._wanted, held.replicas)
        self._told()


async def check_replicas(ask: Handshake, wanted: int, address: str, patience_seconds: float) -> None:
    """See that the server has so many replicas, which may take some time to come.

    Raises StoreForgetsError if it has not, and StoreRefusedError if it does not let us ask.
    """
    deadline = trio.current_time() + patience_seconds
    while (found := expect_int(await ask(b"WAIT", wanted, int(SLICE_SECONDS * 1000)))) < wanted:
        if trio.current_time() >= deadline:
            raise StoreForgetsError(
                f"--durability wants jobs on {_replicas(wanted)} before they are accepted, and Redis at {address} "
                f"reaches {found}: connect more replicas to it, or ask for fewer"
            )


def _too_few(found: int, wanted: int) -> StoreError:
    if found >= wanted:
        return StoreUnavailableError("Redis did not answer in time", sent=True)
    text = f"only {found} of {_replicas(wanted)} confirmed the job in time; it may run all the same"
    return TooFewReplicasError(text, sent=True)


def _replicas(number: int) -> str:
    return f"{number} replica{'s' if number != 1 else ''}"
