"""One text command and its reply, on a connection made for it."""

from typing import TypeVar

import trio

from client.admin_commands import Command
from client.connector import Connector
from client.text_replies import Reply

__all__ = ["ask_in_text"]

AnswerT = TypeVar("AnswerT")


async def ask_in_text(connector: Connector, command: Command[AnswerT]) -> AnswerT:
    """What the server answers to the command."""
    server, stream = await connector.open_stream()
    reply = Reply(server, command.is_whole)
    async with stream:
        try:
            await stream.send_all(command.data)
            while not reply.whole:
                reply.take(await stream.receive_some())
        except trio.BrokenResourceError as error:
            raise reply.lost(str(error) or "the connection broke") from error
    return command.read(bytes(reply.data))
