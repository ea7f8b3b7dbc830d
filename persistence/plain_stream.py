"""A socket to Redis without TLS: the hot path of everything the broker does.

Trio's own stream gives others a turn on every call, also when nothing had to be waited for, and tries to read before
it waits, which on this connection fails nearly always. Both are left out here; what may wait still waits as it should.
"""

from __future__ import annotations

import fcntl
import socket
import sys
import termios
from collections.abc import Callable, Sequence

import trio

from persistence.io_wait import each_time_readable, notify_closing
from persistence.pieces import MOST_AT_ONCE


class PlainStream(trio.abc.Stream):
    """A connected stream socket, which belongs to this object from now on. One task may receive while one sends."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock

    def send_now(self, pieces: Sequence[bytes]) -> int:
        """Send what the system takes at once, and say how much that was. A socket that is broken takes nothing.

        It may be called while nobody is in `send_all`.
        """
        try:
            if len(pieces) == 1:
                return self.socket.send(pieces[0])
            return self.socket.sendmsg(pieces[:MOST_AT_ONCE])
        except OSError:
            return 0  # whoever sends the rest finds out why

    async def listen(self, max_bytes: int, hear: Callable[[bytes], bool]) -> None:
        """Give it what comes, so much at a time, b"" at the end, until it returns False.

        Raises trio.BrokenResourceError, and trio.ClosedResourceError when it is closed. Cancelled, nothing is lost.
        """
        receive = self.socket.recv

        def read() -> bool:
            try:
                data = receive(max_bytes)
            except (BlockingIOError, InterruptedError):
                return True
            except OSError as error:
                raise trio.BrokenResourceError(str(error)) from error
            return hear(data)

        try:
            await each_time_readable(self.socket.fileno(), read)
        except OSError as error:  # the system has no room to watch it
            raise trio.BrokenResourceError(str(error)) from error

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """The next bytes, b"" at the end. Always a checkpoint; cancelled, nothing is lost."""
        while True:
            try:
                await trio.lowlevel.wait_readable(self.socket)
                return self.socket.recv(max_bytes or 65_536)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                raise trio.BrokenResourceError(str(error)) from error

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything. Always a checkpoint; cancelled, a part may have left."""
        with memoryview(data) as view:
            sent = 0
            while True:
                await self.wait_send_all_might_not_block()
                try:
                    sent += self.socket.send(view[sent:])
                except (BlockingIOError, InterruptedError):
                    continue
                except OSError as error:
                    raise trio.BrokenResourceError(str(error)) from error
                if sent == len(view):
                    return

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the system takes more."""
        try:
            await trio.lowlevel.wait_writable(self.socket)
        except OSError as error:  # the system has no room to watch it
            raise trio.BrokenResourceError(str(error)) from error

    async def aclose(self) -> None:
        """Hang up at once; who waits gets trio.ClosedResourceError. Safe to repeat."""
        if self.socket.fileno() >= 0:
            notify_closing(self.socket.fileno())
            self.socket.close()
        await trio.lowlevel.checkpoint()


def queued(stream: trio.abc.Stream) -> int:
    """How many bytes of what was written the other side has not confirmed; 0 where the system does not tell."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if not isinstance(transport, PlainStream | trio.SocketStream):
        return 0
    try:
        count = fcntl.ioctl(transport.socket.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):  # no such question here, or it was closed meanwhile
        return 0
    return int.from_bytes(count, sys.byteorder)
