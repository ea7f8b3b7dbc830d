"""One text command and its reply, on a connection made for it."""

from collections.abc import Callable

import trio

from client.connector import Connector
from client.errors import ConnectionLostError, RefusedError, UnreadableReplyError

__all__ = ["ask_for_line", "ask_for_list"]

LONGEST_REPLY = 256 * 1024 * 1024
"""Bytes. The list of a million jobs has some 50 MB; a server that never ends its list must not fill our memory."""


async def ask_for_line(connector: Connector, command: bytes) -> bytes:
    """The one line that answers the command, without its end; RefusedError if it begins with ERR."""
    reply = await _exchange(connector, command, _is_line)
    _must_not_refuse(reply)
    return reply.rstrip(b"\r\n")


async def ask_for_list(connector: Connector, command: bytes) -> bytes:
    """All lines of a list, the dot at its end included; RefusedError if there is no list."""
    reply = await _exchange(connector, command, lambda reply: _is_list(reply) or _is_refusal(reply))
    if not _is_list(reply):
        _must_not_refuse(reply)
    return reply


async def _exchange(connector: Connector, command: bytes, is_whole: Callable[[bytearray], bool]) -> bytes:
    server, stream = await connector.open_stream()
    reply = bytearray()
    async with stream:
        try:
            await stream.send_all(command + b"\r\n")  # with LF alone, gearmand cuts the last letter of some commands
            while not is_whole(reply):
                piece = await stream.receive_some()
                if not piece:
                    raise _lost(server, "the server hung up")
                reply += piece
                if len(reply) > LONGEST_REPLY:
                    raise UnreadableReplyError(f"{server} answers with more than {LONGEST_REPLY} bytes")
        except trio.BrokenResourceError as error:
            raise _lost(server, str(error) or "the connection broke") from error
    return bytes(reply)


def _is_line(reply: bytearray) -> bool:
    return reply.endswith(b"\n")


def _is_list(reply: bytes | bytearray) -> bool:
    return reply.endswith(b"\n.\n") or reply == b".\n"


def _is_refusal(reply: bytearray) -> bool:
    # The rows of a list end in LF alone, so a function named "ERR ..." is none.
    return reply.startswith(b"ERR ") and reply.endswith(b"\r\n")


def _must_not_refuse(reply: bytes) -> None:
    if reply.startswith(b"ERR "):
        code, _, text = reply.rstrip(b"\r\n").removeprefix(b"ERR ").partition(b" ")
        raise RefusedError(code, text.replace(b"+", b" ") or b"refused")


def _lost(server: str, reason: str) -> ConnectionLostError:
    return ConnectionLostError(f"lost the connection to {server} ({reason}): the command was not answered")
