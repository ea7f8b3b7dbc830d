"""How bytes travel between a session and its peer.

A plain socket is written to at once, without a task of its own: of what a broker does for a job most is system
calls, and a task switch for every write would come on top. Only what the kernel does not take is left to a task.
"""

import socket
from typing import Final, Protocol

import trio

RECEIVE_BYTES: Final = 65_536


class Transport(Protocol):
    """One connection. `receive` and `send_all` raise OSError or trio's Broken- and ClosedResourceError."""

    @property
    def peer(self) -> str:
        """The peer's address, for listings and logs."""

    @property
    def number(self) -> int:
        """The file descriptor, for listings; -1 when there is none."""

    async def receive(self) -> bytes:
        """The next bytes; b"" when the peer has finished. Cancelled, nothing is lost."""

    def send_now(self, data: bytes | memoryview) -> int:
        """Send what can be sent without waiting, and say how much that was."""

    async def send_all(self, data: bytes) -> None:
        """Send everything. Cancelled, half a packet may have left: the connection is good for nothing after that."""

    async def send_eof(self) -> None:
        """Say that nothing more will come, where the connection can say so; what comes may still be received."""

    async def aclose(self) -> None:
        """Hang up at once, without a checkpoint where there is no need for one. Safe to repeat."""


class SocketTransport:
    """A TCP socket, non-blocking."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        sock.setblocking(False)
        self._socket = sock
        self.peer = peer
        self.number = sock.fileno()

    async def receive(self) -> bytes:
        """See Transport."""
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(RECEIVE_BYTES)
            except (BlockingIOError, InterruptedError):
                continue

    def send_now(self, data: bytes | memoryview) -> int:
        """See Transport."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    async def send_all(self, data: bytes) -> None:
        """See Transport."""
        rest = memoryview(data)
        while rest:
            await trio.lowlevel.wait_writable(self._socket)
            rest = rest[self.send_now(rest) :]

    async def send_eof(self) -> None:
        """See Transport."""
        self._socket.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        """See Transport."""
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class StreamTransport:
    """Any trio stream: TLS, or one in memory."""

    def __init__(self, stream: trio.abc.Stream, peer: str, number: int = -1) -> None:
        self._stream = stream
        self.peer = peer
        self.number = number

    async def receive(self) -> bytes:
        """See Transport."""
        return bytes(await self._stream.receive_some(RECEIVE_BYTES))

    def send_now(self, data: bytes | memoryview) -> int:
        """See Transport: nothing is sent on a stream without awaiting."""
        return 0

    async def send_all(self, data: bytes) -> None:
        """See Transport."""
        await self._stream.send_all(data)

    async def send_eof(self) -> None:
        """See Transport."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """See Transport."""
        await trio.aclose_forcefully(self._stream)
