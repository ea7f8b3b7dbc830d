"""Bytes that leave together without being made one: joining a megabyte to ten bytes copies the megabyte."""

from collections.abc import Sequence
from typing import Final, TypeAlias

LONG_BYTES: Final = 32_768
"""What is longer is handed to the system as it is."""

MOST_AT_ONCE: Final = 512
"""The system takes 1024 pieces in one call, and refuses more."""

Piece: TypeAlias = bytes | memoryview


def few(pieces: Sequence[bytes]) -> list[bytes]:
    """The same bytes with all short neighbours joined, so that they are few, and none that is long was copied."""
    joined: list[bytes] = []
    short: list[bytes] = []
    for piece in pieces:
        if len(piece) > LONG_BYTES:
            if short:
                joined.append(b"".join(short))
                short = []
            joined.append(piece)
        else:
            short.append(piece)
    if short:
        joined.append(b"".join(short))
    return joined


def unsent(pieces: Sequence[Piece], sent: int) -> list[Piece]:
    """What is left of them when so many bytes have left, uncopied."""
    for at, piece in enumerate(pieces):
        if sent < len(piece):
            return [memoryview(piece)[sent:], *pieces[at + 1 :]]
        sent -= len(piece)
    return []
