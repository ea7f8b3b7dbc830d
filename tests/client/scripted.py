"""The scripted server, as clients expect it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from client import Client
from client.opening import client_over
from client.rota import Rota
from client.route import Route
from protocol import OptionReq, OptionRes
from tests.scripted import Line, Script

__all__ = ["Line", "ScriptedServer", "scripted_client"]


class ScriptedServer(Script):
    """A script that grants a new client its first wish, unless it shall not."""

    def __init__(self) -> None:
        super().__init__()
        self.greets = True

    def rota(self) -> Rota[Route]:
        """The only server there is."""
        return Rota([Route("the script", self.dial)], spread=False)

    async def greet(self, line: Line) -> None:
        """Ahead of the question: the order of a connection's two directions is nobody's concern."""
        if self.greets:
            await line.say(OptionRes(b"exceptions"))

    async def accept(self) -> Line:
        """The next connection, its first wish heard."""
        line = await self.next_line()
        await line.expect(OptionReq(b"exceptions"))
        return line


@asynccontextmanager
async def scripted_client(server: ScriptedServer) -> AsyncIterator[tuple[Client, Line]]:
    """A client of the scripted server, and their first connection."""
    async with client_over(server.rota()) as client:
        yield client, await server.accept()
