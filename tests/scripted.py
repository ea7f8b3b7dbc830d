"""A server that a test plays itself, over memory streams: for what no real server does on demand."""

from typing import TypeVar

import trio
import trio.testing

from protocol import Event, Packet, Role
from protocol.stream import PacketStream

__all__ = ["Line", "Script"]

PATIENCE_SECONDS = 100.0  # with a clock that jumps it is over at once; without it no test should wait for ever

PacketT = TypeVar("PacketT")


class Line:
    """One connection, seen from the server."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._packets = PacketStream(stream, Role.BROKER)

    async def hear(self, kind: type[PacketT]) -> PacketT:
        """The next thing the other end says, which must be of this kind."""
        packet = await self._receive()
        assert isinstance(packet, kind), packet
        return packet

    async def expect(self, *packets: Packet) -> None:
        """The other end must say exactly this next."""
        for packet in packets:
            assert await self._receive() == packet

    async def expect_nothing(self, seconds: float) -> None:
        """The other end must be silent for so long."""
        with trio.move_on_after(seconds):
            raise AssertionError(await self._packets.receive())

    async def say(self, *packets: Packet) -> None:
        """Sends packets as they are."""
        await self._packets.send(*packets)

    async def say_bytes(self, data: bytes) -> None:
        """Sends what is no packet."""
        await self._stream.send_all(data)

    async def wait_hung_up(self) -> None:
        """Returns when the other end has closed the connection; it must say nothing before."""
        try:
            packet = await self._receive()
        except trio.EndOfChannel:
            return
        raise AssertionError(packet)

    async def hang_up(self) -> None:
        """The connection is cut."""
        await self._packets.aclose()

    async def _receive(self) -> Event:
        with trio.fail_after(PATIENCE_SECONDS):
            return await self._packets.receive()


class Script:
    """The server. Every connection that is made to it while it is `up` becomes a `Line`."""

    def __init__(self) -> None:
        self.up = True
        self.dials = 0
        self.clogged: trio.Event | None = None  # if set: bytes pass, but sending takes until this event
        self._new, self._lines = trio.open_memory_channel[Line](100)

    async def dial(self) -> trio.abc.Stream:
        """What a client or a worker takes for its way to connect."""
        await trio.lowlevel.checkpoint()
        self.dials += 1
        if not self.up:
            raise OSError("refused")
        near, far = trio.testing.memory_stream_pair()
        pump = near.send_stream.send_all_hook
        assert pump is not None

        async def clog() -> None:
            await pump()
            if self.clogged is not None:
                await self.clogged.wait()

        near.send_stream.send_all_hook = clog
        line = Line(far)
        await self.greet(line)
        self._new.send_nowait(line)
        return near

    async def greet(self, line: Line) -> None:
        """What is said to a new connection before anything is heard; nothing, unless a subclass knows better."""

    async def next_line(self) -> Line:
        """The next connection."""
        with trio.fail_after(PATIENCE_SECONDS):
            return await self._lines.receive()
