"""What a connection's tasks have to say, in order, until the writer has said it."""

import trio

__all__ = ["Outbox"]

MOST_WAITING = 64  # packets; beyond it whoever has something to say waits for the server to read
BATCH_BYTES = 64 * 1024


class Outbox:
    """A bounded queue of packets with one writer, so that no cancelled task cuts a packet in two."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._sending, self._waiting = trio.open_memory_channel[bytes](MOST_WAITING)
        self._writing = trio.CancelScope(shield=True)

    async def post(self, data: bytes) -> None:
        """Returns when the data has its place in the queue. Cancelled: it will not be sent.

        Once the connection is lost, or its end has begun, it is dropped: there is nobody to tell.
        """
        try:
            await self._sending.send(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.lowlevel.checkpoint()

    async def post_even_if_cancelled(self, data: bytes) -> None:
        """As `post`, but if there is room, before a cancellation is looked at: what is done counts."""
        try:
            self._sending.send_nowait(data)
        except trio.WouldBlock:
            await self.post(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.lowlevel.checkpoint()

    async def write(self) -> None:
        """Sends what is posted until `end`, or raises BrokenResourceError.

        A cancellation from outside does not reach it: the
        last results shall leave, and `end` bounds how long that may take.
        """
        with self._writing, self._waiting:
            async for data in self._waiting:
                await self._stream.send_all(self._batch(data))

    def end(self, goodbye_seconds: float) -> None:
        """Takes no more, and gives the writer so long for the rest."""
        self._sending.close()
        self._writing.deadline = min(self._writing.deadline, trio.current_time() + goodbye_seconds)

    def _batch(self, data: bytes) -> bytes:
        pieces = [data]
        size = len(data)
        while size < BATCH_BYTES:
            try:
                pieces.append(self._waiting.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                break
            size += len(pieces[-1])
        return b"".join(pieces)
