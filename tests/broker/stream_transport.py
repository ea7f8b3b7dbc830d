"""A connection over any trio stream, as one in memory, of which a test sees each read and write."""

from collections.abc import Sequence
from typing import Any

import trio

from broker.transport import RECEIVE_BYTES, Listener, listen_alone
from persistence.pieces import Piece

__all__ = ["StreamTransport"]


class StreamTransport:
    """See broker.transport.Transport. Every write takes a task."""

    def __init__(self, stream: trio.StapledStream[Any, Any], peer: str, number: int = -1) -> None:
        self._stream = stream
        self.peer = peer
        self.number = number

    async def listen(self, listener: Listener) -> None:
        """See Transport."""
        await listen_alone(self, listener)

    def works(self) -> None:
        """See Transport: who waits in a task of its own goes before nobody."""

    def works_no_more(self) -> None:
        """See Transport."""

    async def receive(self) -> bytes:
        """See Transport."""
        return bytes(await self._stream.receive_some(RECEIVE_BYTES))

    def send_now(self, pieces: Sequence[Piece]) -> int:
        """See Transport: nothing is sent on a stream without awaiting."""
        return 0

    async def send_all(self, data: Piece) -> None:
        """See Transport."""
        await self._stream.send_all(data)

    async def send_eof(self) -> None:
        """See Transport."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    def close(self) -> None:
        """See Transport."""
        self._stream.send_stream.close()
        self._stream.receive_stream.close()
