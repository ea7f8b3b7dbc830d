"""A server that a test plays itself, on a real port, for clients that know sockets only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from protocol import OptionReq, OptionRes
from tests.scripted import Line

__all__ = ["ScriptedPort", "scripted_port"]

PATIENCE_SECONDS = 30.0


class ScriptedPort:
    """Where it listens, and the connections that were made to it."""

    def __init__(self, listener: trio.SocketListener) -> None:
        self._listener = listener
        self.lines: list[Line] = []
        self.address = f"127.0.0.1:{listener.socket.getsockname()[1]}"

    async def next_line(self) -> Line:
        """The next connection, nothing said yet."""
        with trio.fail_after(PATIENCE_SECONDS):
            self.lines.append(Line(await self._listener.accept()))
        return self.lines[-1]

    async def greet(self) -> Line:
        """The next connection, its first wish heard and granted."""
        line = await self.next_line()
        await line.expect(OptionReq(b"exceptions"))
        await line.say(OptionRes(b"exceptions"))
        return line


@asynccontextmanager
async def scripted_port() -> AsyncIterator[ScriptedPort]:
    """Listens for the length of the block."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = ScriptedPort(listener)
        yield port
        for line in port.lines:
            await line.hang_up()
