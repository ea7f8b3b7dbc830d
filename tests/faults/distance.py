"""A proxy to a server that is far away: what is said arrives in its order, later, and only so much of it a second.

What `Proxy.delay_seconds` holds, it holds one piece after the other; here many pieces are on their way at once.
"""

import math
import random
from collections.abc import Awaitable, Callable

import trio

from tests.faults.proxy import Proxy, Wire

PIECE_BYTES = 16_384
AHEAD_PIECES = 4
"""What waits for the line beyond that stays in the sender's socket, as in front of a real one."""


class Line:
    """One direction of all wires together: how much fits through it a second, and how long it takes."""

    def __init__(self, one_way_seconds: float, jitter_seconds: float, bytes_per_second: float) -> None:
        self._one_way_seconds = one_way_seconds
        self._jitter_seconds = jitter_seconds
        self._bytes_per_second = bytes_per_second
        self._free_at = -math.inf

    async def carry(self, length: int) -> float:
        """Wait for the turn of so many bytes; when they arrive at the other end (trio's clock)."""
        now = trio.current_time()
        self._free_at = max(now, self._free_at) + length / self._bytes_per_second
        free_at = self._free_at
        if free_at - now > 0.001:
            await trio.sleep_until(free_at)
        return free_at + self._one_way_seconds + random.uniform(0.0, self._jitter_seconds)


class Distance(Proxy):
    """Passes all on, as over a line of that length and width.

    Args:
        target: the port at its far end.
        round_trip_seconds: how long a question and its answer are on their way, at least.
        jitter_seconds: how much longer each way may take, by chance.
        bytes_per_second: how much each direction takes, all connections together.
    """

    def __init__(
        self,
        target: int,
        round_trip_seconds: float,
        *,
        jitter_seconds: float = 0.0,
        bytes_per_second: float = math.inf,
    ) -> None:
        super().__init__(target)
        self._there = Line(round_trip_seconds / 2, jitter_seconds, bytes_per_second)
        self._back = Line(round_trip_seconds / 2, jitter_seconds, bytes_per_second)

    async def _pass_on(self, wire: Wire, source: trio.SocketStream, target: trio.SocketStream) -> None:
        from_near = source is wire.near
        through, line = (self.say, self._there) if from_near else (self.answer, self._back)
        on_the_way, arriving = trio.open_memory_channel[tuple[float, bytes]](math.inf)

        async def arrive(on: Callable[[bytes], Awaitable[None]]) -> None:
            async for at, data in arriving:
                await trio.sleep_until(at)
                await through(wire, data, on)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(arrive, target.send_all)
            async with on_the_way:
                last = -math.inf
                while data := bytes(await source.receive_some(PIECE_BYTES)):
                    last = max(last, await line.carry(len(data)))
                    on_the_way.send_nowait((last, data))
