"""One connection to Redis, from the open stream to the reason why it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from persistence.errors import StoreError, StoreUnavailableError
from persistence.exchange import Exchange
from persistence.own_limits import room_for_a_socket
from persistence.pieces import LONG_BYTES, Piece, few, unsent
from persistence.pipe_statistics import Counters
from persistence.plain_stream import PlainStream, queued
from persistence.posted import Posted

RECEIVE_BYTES: Final = 65_536
"""One read. More is not faster: above 128 kB the allocator asks the kernel for the buffer each time."""

SLICE_BYTES: Final = 1_048_576
"""A longer piece is written in slices, so that progress is seen: a slow line is not a silent server. The system may
take the last of them long before the other side does."""

LAST_WORDS_SECONDS: Final = 1.0
"""How long the reader may read on after a write has failed; as a rule it comes to the end at once."""


class Connection:
    """Writes commands to a stream, hands what it reads to the exchange, and remembers what ended it.

    Attributes:
        exchange: what is in flight here.
        error: why it ended; None as long as it has not, or when it was merely cancelled.
        rest: what `send_now` could not send.
        sends_at_once: whether `send_now` may be called.
        heard_at: when the server last gave a sign of life while it owed us one (trio's clock).
    """

    def __init__(self, stream: trio.abc.Stream, exchange: Exchange, counters: Counters) -> None:
        self.exchange = exchange
        self.error: StoreError | None = None
        self.heard_at = trio.current_time()
        self.scope = trio.CancelScope()
        self.rest: list[Piece] = []
        self.sends_at_once = isinstance(stream, PlainStream)
        self._stream = stream
        self._counters = counters
        self._queued = 0
        """How much of what was long had not arrived when we last looked; 0 for what is short."""

    def end(self, error: StoreError) -> None:
        """Whoever uses this connection is to stop; the first reason stands."""
        if self.error is None:
            self.error = error
            self.scope.cancel()

    def lost(self, reason: str) -> None:
        """End it because the server, or the way to it, failed."""
        refusal = None if self.exchange.greeted else self.exchange.refusal
        said = f" (it had said: {refusal})" if refusal else ""
        self.end(StoreUnavailableError(f"the connection to Redis broke: {reason}{said}"))

    async def read(self, batch_begins: Callable[[], None], batch_ends: Callable[[], None]) -> None:
        """The reader: endless, until the connection ends. What one read brings is handed out between these calls."""
        exchange, counters, stream = self.exchange, self._counters, self._stream

        def hear(data: bytes) -> bool:
            if not data:
                self.lost("it was closed by the other side")
                return False
            self.heard_at = trio.current_time()
            if self._queued:
                self._queued = queued(stream)
            counters.bytes_in += len(data)
            batch_begins()
            reason = exchange.received(data)
            if reason is not None:
                self.lost(reason)
            batch_ends()
            return self.error is None

        try:
            if isinstance(stream, PlainStream):
                await stream.listen(RECEIVE_BYTES, hear)
            else:
                while hear(bytes(await stream.receive_some(RECEIVE_BYTES))):
                    pass
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self.lost(_why(error))

    async def send(self, pieces: list[bytes], commands: list[Posted]) -> None:
        """Write these commands as one. Cut short, it ends the connection: half a command may have left."""
        await self._send(list(self._leaving(pieces, commands)))

    def send_now(self, pieces: list[bytes], commands: list[Posted]) -> None:
        """Write these commands as one, as far as the system takes them at once; `send_rest` must follow if `rest`.

        Not while another send is under way.
        """
        assert isinstance(self._stream, PlainStream)
        leaving = self._leaving(pieces, commands)
        sent = self._stream.send_now(leaving)
        self.rest = unsent(leaving, sent)
        if sent > LONG_BYTES:
            self._queued = queued(self._stream)

    async def send_rest(self) -> None:
        """Write what `send_now` left. Cut short, it ends the connection."""
        rest, self.rest = self.rest, []
        await self._send(rest)

    def _leaving(self, pieces: list[bytes], commands: list[Posted]) -> list[bytes]:
        """These commands are about to leave: from now on their replies are owed."""
        exchange, counters = self.exchange, self._counters
        if not exchange.in_flight:
            self.heard_at = trio.current_time()
        exchange.sent(commands)
        if len(pieces) != len(commands):
            pieces = few(pieces)  # some are long
        elif len(pieces) > 1:
            pieces = [b"".join(pieces)]
        counters.sends += 1
        counters.commands += len(commands)
        for piece in pieces:
            counters.bytes_out += len(piece)
        return pieces

    async def _send(self, pieces: list[Piece]) -> None:
        written = False
        try:
            for piece in pieces:
                await self._write(piece)
            written = True
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            # What they said before they hung up may lie unread: replies, or why. The reader finds the end itself.
            with trio.move_on_after(LAST_WORDS_SECONDS):
                await trio.sleep_forever()
            self.lost(_why(error))
        finally:
            if not written:
                self.lost("a write was cut short")

    async def _write(self, piece: Piece) -> None:
        if len(piece) <= LONG_BYTES:
            await self._stream.send_all(piece)
            return
        view = memoryview(piece)
        for start in range(0, len(piece), SLICE_BYTES):
            await self._stream.send_all(view[start : start + SLICE_BYTES])
            self.heard_at = trio.current_time()
            self._queued = queued(self._stream)

    def check_silence(self, silence_seconds: float, now: float) -> None:
        """End it if the server has owed us an answer for longer than that without a word, and took nothing."""
        if self.exchange.in_flight and now - self.heard_at > silence_seconds:
            before, self._queued = self._queued, min(self._queued, queued(self._stream))
            if self._queued < before:
                self.heard_at = now
                return
            self.lost(f"no answer for {silence_seconds:g} s")

    def is_idle(self, silence_seconds: float, now: float) -> bool:
        """Whether nothing has been asked or heard for that long."""
        return not self.exchange.in_flight and now - self.heard_at > silence_seconds


def _why(error: Exception) -> str:
    cause = error.__cause__ or error
    remedy = room_for_a_socket(cause)
    return f"{cause}; {remedy}" if remedy else str(cause) or "reset"
