"""Where a reply to a text command ends, and when it is a refusal."""

from collections.abc import Callable
from typing import Final, TypeAlias

from client.errors import ConnectionLostError, RefusedError, UnreadableReplyError

__all__ = ["IsWhole", "Reply", "is_line", "is_list_or_refusal", "line_of", "list_of"]

LONGEST_REPLY: Final = 256 * 1024 * 1024
"""Bytes. The list of a million jobs has some 50 MB; a server that never ends its list must not fill our memory."""

IsWhole: TypeAlias = Callable[[bytearray], bool]


class Reply:
    """What has come of a reply so far."""

    def __init__(self, server: str, is_whole: IsWhole) -> None:
        self.data: bytearray = bytearray()
        self._server = server
        self._is_whole = is_whole

    @property
    def whole(self) -> bool:
        """Nothing is missing."""
        return self._is_whole(self.data)

    def take(self, piece: bytes | bytearray) -> None:
        """More of it; raises ConnectionLostError if there is no more, UnreadableReplyError if there is too much."""
        if not piece:
            raise self.lost("the server hung up")
        self.data += piece
        if len(self.data) > LONGEST_REPLY:
            raise UnreadableReplyError(f"{self._server} answers with more than {LONGEST_REPLY} bytes")

    def lost(self, reason: str) -> ConnectionLostError:
        """What to raise if the rest will not come."""
        return ConnectionLostError(f"lost the connection to {self._server} ({reason}): the command was not answered")


def is_line(reply: bytearray) -> bool:
    """For commands that are answered by one line."""
    return reply.endswith(b"\n")


def is_list_or_refusal(reply: bytearray) -> bool:
    """For commands that are answered by a list."""
    # The rows of a list end in LF alone, so a function named "ERR ..." is none.
    return _is_list(reply) or (reply.startswith(b"ERR ") and reply.endswith(b"\r\n"))


def line_of(reply: bytes) -> bytes:
    """The one line that answers a command, without its end; RefusedError if it begins with ERR."""
    _must_not_refuse(reply)
    return reply.rstrip(b"\r\n")


def list_of(reply: bytes) -> bytes:
    """All lines of a list, the dot at its end included; RefusedError if there is no list."""
    if not _is_list(reply):
        _must_not_refuse(reply)
    return reply


def _is_list(reply: bytes | bytearray) -> bool:
    return reply.endswith(b"\n.\n") or reply == b".\n"


def _must_not_refuse(reply: bytes) -> None:
    if reply.startswith(b"ERR "):
        code, _, text = reply.rstrip(b"\r\n").removeprefix(b"ERR ").partition(b" ")
        raise RefusedError(code, text.replace(b"+", b" ") or b"refused")
