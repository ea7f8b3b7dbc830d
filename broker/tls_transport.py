"""A connection in TLS, watched and written to as a plain one is: what is read and sent passes through OpenSSL.

OpenSSL has no socket here. It is given what was read, and what it puts out is sent: one system call for each, as
without TLS, and a turn at the switchboard takes in as much as any other, however the peer has cut it into records.
"""

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import trio

from broker.switchboard import Switchboard
from broker.transport import Listener, SocketTransport
from persistence.pieces import Piece, unsent

RECORD_BYTES: Final = 16_384
"""The most that one record holds (RFC 8446, section 5.1)."""

ENCRYPT_BYTES: Final = 65_536
"""So much at most OpenSSL is given to encrypt before it is asked for what came of it, and of what comes a record: it
keeps as much memory as it ever took at a time, for each connection. Less at once takes longer."""

SEND_BYTES: Final = 262_144
"""The most that is encrypted before the kernel has taken it: a peer that reads as fast as we encrypt must not keep the
others waiting, nor may what waits for a peer that reads slowly be kept twice."""


class TlsTransport(SocketTransport):
    """A socket, good for nothing before `shake_hands`. Its end is said to the peer: it was no accident."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, peer: str, switchboard: Switchboard | None
    ) -> None:
        super().__init__(sock, peer, switchboard)
        self._receive_now = self._receive_decrypted
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._has_ended = False
        self._encrypted = b""
        self._ahead = 0
        """So much of what is to be sent is in `_encrypted`, and was not called sent: it will be given to us again."""

    async def shake_hands(self, turns: trio.Semaphore) -> None:
        """Agree on keys with the peer, in turns with all who do.

        Raises:
            ssl.SSLError: it did not come to that; the peer has been told, if it is one that can be.
            OSError: it hung up.
        """
        self._trio_has_waited = True
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            self._take_in()
            try:
                async with turns:
                    self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._put_out()
            except ssl.SSLError:
                with suppress(OSError):
                    self._send_encrypted()
                raise
            else:
                await self._put_out()
                return

    def _take_in(self) -> None:
        """Give OpenSSL what has come of the handshake, and perhaps of what is behind it."""
        with suppress(BlockingIOError, InterruptedError):
            if data := self._socket.recv(RECORD_BYTES):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    async def listen(self, listener: Listener) -> None:
        """See Transport."""
        # What came behind the handshake in the same read the kernel will not show again.
        if self._incoming.pending:
            if not listener.wants_more():
                return
            data = self._decrypted()
            if (data or self._has_ended) and listener.hear(data) is None:
                return
            listener.heard()
        await super().listen(listener)

    def _receive_decrypted(self, most: int) -> bytes:
        """See SocketTransport. A record that is not all here is none yet."""
        came = self._socket.recv(most)
        if not came:
            return b""  # which need not have been said: packets show where they end
        data = self._decrypted(came)
        if not data and not self._has_ended:
            raise BlockingIOError
        return data

    def _decrypted(self, came: bytes = b"") -> bytes:
        """All that can be decrypted of what was taken in before, and of this."""
        pieces: list[bytes] = []
        self._incoming.write(came[:RECORD_BYTES])
        self._decrypt(pieces)
        for begin in range(RECORD_BYTES, len(came), RECORD_BYTES):
            self._incoming.write(came[begin : begin + RECORD_BYTES])
            self._decrypt(pieces)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _decrypt(self, pieces: list[bytes]) -> None:
        try:
            while self._incoming.pending and not self._has_ended:
                pieces.append(self._tls.read(RECORD_BYTES))
                if not pieces[-1]:
                    self._end_reading()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            if not pieces:
                raise
            self._end_reading()  # what was said before the fault counts
        finally:
            if self._outgoing.pending:
                self._answer()

    def _end_reading(self) -> None:
        """This was all, and may have been something. In the next look the kernel shows an end, too."""
        self._has_ended = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def _answer(self) -> None:
        """Send what OpenSSL has to say by itself: why it gives up, or that it takes new keys."""
        with suppress(OSError):  # who is gone may have said something before it went; whoever reads on finds out
            self._send_encrypted()
        if len(self._encrypted) > 2 * SEND_BYTES:
            raise ConnectionAbortedError("it asks for new keys and does not read what it is sent")

    def send_now(self, pieces: Sequence[Piece]) -> int:
        """See Transport. What was not sent must be what is sent next, as it is with whoever sends bytes in order."""
        if self._encrypted and not self._send_encrypted():
            return 0
        sent, self._ahead = self._ahead, 0
        for piece in unsent(pieces, sent):
            if not piece:
                continue
            part = piece if len(piece) <= SEND_BYTES else memoryview(piece)[:SEND_BYTES]
            self._encrypt(part)
            if not self._send_encrypted():
                self._ahead = len(part)
                break
            sent += len(part)
            if len(part) < len(piece):
                break
        return sent

    def _encrypt(self, part: Piece) -> None:
        if len(part) <= ENCRYPT_BYTES:
            self._tls.write(part)
            return
        put_out = [self._encrypted]
        for begin in range(0, len(part), ENCRYPT_BYTES):
            self._tls.write(part[begin : begin + ENCRYPT_BYTES])
            put_out.append(self._outgoing.read())
        self._encrypted = b"".join(put_out)

    def _send_encrypted(self) -> bool:
        """Send what OpenSSL has put out, as much as the kernel takes. Whether that was all."""
        data = self._encrypted + self._outgoing.read()
        try:
            self._encrypted = data[self._socket.send(data) :] if data else data
        except (BlockingIOError, InterruptedError):
            self._encrypted = data
        return not self._encrypted

    async def _put_out(self) -> None:
        while not self._send_encrypted():
            await trio.lowlevel.wait_writable(self._socket)

    async def send_eof(self) -> None:
        """See Transport: in TLS the end of one direction is none that all peers know."""

    def close(self) -> None:
        """See Transport. The end is said if the kernel takes it at once: who reads no more would not hear it anyway."""
        if self._socket.fileno() >= 0:
            with suppress(OSError, ValueError):
                self._tls.unwrap()  # raises that the peer's own end is not there yet: nobody waits for that
            with suppress(OSError):
                self._send_encrypted()
        super().close()
