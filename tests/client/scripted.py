"""A server that a test plays itself, over memory streams: for what no real server does on demand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import trio
import trio.testing

from client import Client
from client.opening import client_over
from protocol import OptionReq, OptionRes, Packet, Role
from protocol.stream import PacketStream

__all__ = ["Line", "ScriptedServer", "scripted_client"]

PacketT = TypeVar("PacketT")


class Line:
    """One connection, seen from the server."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._packets = PacketStream(stream, Role.BROKER)

    async def hear(self, kind: type[PacketT]) -> PacketT:
        """The next thing the client says, which must be of this kind."""
        packet = await self._packets.receive()
        assert isinstance(packet, kind), packet
        return packet

    async def say(self, *packets: Packet) -> None:
        """Sends packets as they are."""
        await self._packets.send(*packets)

    async def say_bytes(self, data: bytes) -> None:
        """Sends what is no packet."""
        await self._stream.send_all(data)

    async def wait_hung_up(self) -> None:
        """Returns when the client has closed the connection, and said nothing more."""
        try:
            packet = await self._packets.receive()
        except trio.EndOfChannel:
            return
        raise AssertionError(f"the client says {packet}")

    async def hang_up(self) -> None:
        """The connection is cut."""
        await self._packets.aclose()


class ScriptedServer:
    """Takes connections while it is `up`; `greets` what a new client asks first, if it should."""

    def __init__(self) -> None:
        self.up = True
        self.greets = True
        self.dials = 0
        self.clogged: trio.Event | None = None  # if set: bytes pass, but sending takes until this event
        self._new, self._lines = trio.open_memory_channel[Line](100)

    async def dial(self) -> trio.abc.Stream:
        """What the client takes for its way to connect."""
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
        if self.greets:
            await line.say(OptionRes(b"exceptions"))
        self._new.send_nowait(line)
        return near

    async def accept(self) -> Line:
        """The next connection, its greeting over."""
        line = await self._lines.receive()
        assert await line.hear(OptionReq) == OptionReq(b"exceptions")
        return line


@asynccontextmanager
async def scripted_client(server: ScriptedServer) -> AsyncIterator[tuple[Client, Line]]:
    """A client of the scripted server, and their first connection."""
    async with client_over(server.dial, "the script") as client:
        yield client, await server.accept()
