"""A packet whose body is long, while it comes in: piece by piece, to be copied once when it is whole."""

from typing import Final, TypeAlias

SHORT_PIECE: Final = 16_384
"""Shorter pieces are joined as they come: each for itself would cost more than it holds, if they are a byte each."""

Piece: TypeAlias = bytes | bytearray | memoryview


class LongPacket:
    """The body of one packet, of which nothing before its end means anything.

    Attributes:
        kind: magic and type.
        length: how long the body is to be.
        received: how much of it is here.
        behind: what came behind its end.
    """

    __slots__ = ("_pieces", "_short", "behind", "kind", "length", "received")

    def __init__(self, kind: bytes, length: int, begun: bytes) -> None:
        self.kind: bytes = kind
        self.length: int = length
        self.received: int = 0
        self.behind: bytearray = bytearray()
        self._pieces: list[Piece] = []
        self._short = bytearray()
        self.add(begun)

    @property
    def missing(self) -> int:
        """How much is still to come."""
        return self.length - self.received

    def add(self, data: Piece) -> None:
        """Take what arrived."""
        missing = self.length - self.received
        if len(data) > missing:
            self.behind += memoryview(data)[missing:]
            data = memoryview(data)[:missing]
        self.received += len(data)
        if len(data) < SHORT_PIECE:
            self._short += data
            return
        if self._short:
            self._pieces.append(self._short)
            self._short = bytearray()
        self._pieces.append(data)

    def pieces(self) -> list[Piece]:
        """All of it, in order."""
        return [*self._pieces, self._short] if self._short else self._pieces
