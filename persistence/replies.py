"""What is said to Redis and what it says back, as types.

A reply is as hiredis reads RESP3: bytes stay bytes, and an error reply is a value, not an exception,
because one read brings the replies of many callers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, cast

import hiredis

from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError
from persistence.pieces import LONG_BYTES

Command: TypeAlias = Sequence[bytes | str | int]
"""A command and its arguments, one wire argument each: ``(b"HGET", key, field)``."""

Reply: TypeAlias = "bool | int | float | bytes | list[Reply] | dict[bytes, Reply] | StoreError | None"
"""What comes back: a value, or the StoreError that stands in its place."""

Answer: TypeAlias = Callable[[Reply], None]
"""Called once with the reply."""

NOT_YET: Final = object()
"""What `gets` of a reader made here returns when the next reply has not arrived whole."""

pack: Final = cast("Callable[[tuple[bytes | str | int, ...]], bytes]", hiredis.pack_command)
"""A command as bytes for the wire. Raises TypeError for an argument of another type, bool and None too."""


def pack_in_pieces(command: Command) -> list[bytes]:
    """The same as `pack` in pieces, of which a long part is one as it is: packing it would copy it twice."""
    pieces: list[bytes] = []
    begun = [b"*%d\r\n" % len(command)]
    for part in command:
        if isinstance(part, bytes) and len(part) > LONG_BYTES:
            pieces += (b"%b$%d\r\n" % (b"".join(begun), len(part)), part)
            begun = [b"\r\n"]
        else:
            begun.append(pack((part,))[4:])  # as a command of its own, without its *1
    pieces.append(b"".join(begun))
    return pieces


def new_reader() -> hiredis.Reader:
    """A parser of one connection's bytes, giving `Reply` values, PushNotification lists, or NOT_YET."""
    return hiredis.Reader(replyError=StoreRefusedError.from_reply, notEnoughData=NOT_YET)


def expect_bytes(reply: Reply) -> bytes:
    """The reply, which must be bytes. Raises the StoreError it is, else StoreUnavailableError."""
    if isinstance(reply, bytes):
        return reply
    raise _unexpected(reply, "bytes")


def expect_int(reply: Reply) -> int:
    """The reply, which must be an integer. Raises as `expect_bytes` does."""
    if isinstance(reply, int):
        return reply
    raise _unexpected(reply, "an integer")


def expect_list(reply: Reply) -> list[Reply]:
    """The reply, which must be a list. Raises as `expect_bytes` does."""
    if isinstance(reply, list):
        return reply
    raise _unexpected(reply, "a list")


def expect_dict(reply: Reply) -> dict[bytes, Reply]:
    """The reply, which must be a map. Raises as `expect_bytes` does."""
    if isinstance(reply, dict):
        return reply
    raise _unexpected(reply, "a map")


def _unexpected(reply: Reply, wanted: str) -> StoreError:
    if isinstance(reply, StoreError):
        return reply
    text = f"Redis answered with {type(reply).__name__} where {wanted} was due"
    return StoreUnavailableError(text, sent=True)
