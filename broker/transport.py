"""How bytes travel between a session and its peer.

A plain socket is written to at once, without a task of its own, and read from by the switchboard that watches all of
them: of what a broker does for a job most is system calls, and a task switch for each would come on top. Only what the
kernel does not take is left to a task.
"""

import socket
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import trio

from broker.no_room import no_memory
from broker.switchboard import SHORT_TURN_BYTES, TURN_BYTES, Switchboard
from persistence.pieces import MOST_AT_ONCE, Piece

RECEIVE_BYTES: Final = 65_536
LONG_RECEIVE_BYTES: Final = 1_048_576
"""Of a long packet that is under way, so much is read at once: each read is a look of the switchboard."""


class Listener(Protocol):
    """Who is given what a peer says."""

    def wants_more(self) -> bool:
        """Asked before each read: whether to read at all now."""

    def hear(self, data: bytes) -> int | None:
        """Take what was read, b"" for the end; must not raise.

        Returns:
            How many packets were dealt with since it last returned: some may have waited for an answer of the store.
            None: read no more.
        """

    @property
    def missing(self) -> int:
        """How much of a long packet is still to come, so that much of it is read at once; 0 when none is under way."""

    def heard(self) -> None:
        """Called when all that came together has been given to `hear`, and nobody else will see to what it led to."""


class Transport(Protocol):
    """One connection. `listen`, `receive` and `send_all` raise OSError or trio's Broken- and ClosedResourceError."""

    @property
    def peer(self) -> str:
        """The peer's address, for listings and logs."""

    @property
    def number(self) -> int:
        """The file descriptor, for listings; -1 when there is none."""

    async def listen(self, listener: Listener) -> None:
        """Give the listener what comes, until it wants no more now, or all has come. Cancelled, nothing is lost."""

    def works(self) -> None:
        """The peer is a worker, from now on. It may be told again."""

    def works_no_more(self) -> None:
        """It is none any more. It may be told again."""

    async def receive(self) -> bytes:
        """The next bytes; b"" when the peer has finished. Cancelled, nothing is lost."""

    def send_now(self, pieces: Sequence[Piece]) -> int:
        """Send what can be sent without waiting, and say how much that was."""

    async def send_all(self, data: Piece) -> None:
        """Send everything. Cancelled, half a packet may have left: the connection is good for nothing after that."""

    async def send_eof(self) -> None:
        """Say that nothing more will come, where the connection can say so; what comes may still be received."""

    def close(self) -> None:
        """Hang up at once. Safe to repeat."""


async def listen_alone(transport: Transport, listener: Listener) -> None:
    """As Transport.listen, in a task that waits for nobody else."""
    going_on = True
    while going_on and listener.wants_more():
        data = await transport.receive()
        going_on = listener.hear(data) is not None and bool(data)
        listener.heard()


class SocketTransport:
    """A TCP socket, non-blocking, that a switchboard watches; without one, the task that listens waits for it."""

    def __init__(self, sock: socket.socket, peer: str, switchboard: Switchboard | None) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._receive_now: Callable[[int], bytes] = sock.recv
        """Up to so many bytes, perhaps a few more; b"" when the peer has finished. Raises BlockingIOError for none."""
        self._switchboard = switchboard
        self._works = False
        self._trio_has_waited = False
        """Whether trio may have to be told when this is closed. Most are never waited for but by the switchboard."""
        self.peer = peer
        self.number = sock.fileno()

    async def listen(self, listener: Listener) -> None:
        """See Transport. With a switchboard, who wants no more is still watched: only when more comes, this returns."""
        if self._switchboard is None:
            await listen_alone(self, listener)
        else:
            await self._be_watched(self._switchboard, listener)

    async def _be_watched(self, switchboard: Switchboard, listener: Listener) -> None:
        receive, wants_more, hear = self._receive_now, listener.wants_more, listener.hear
        number, over = self.number, trio.Event()
        failure: OSError | None = None
        long_size = 0

        def readable() -> int:
            nonlocal failure, long_size
            try:
                if wants_more():
                    data = receive(long_size or switchboard.turn_bytes)
                    packets = hear(data)
                    if packets is not None and data:
                        if len(data) >= SHORT_TURN_BYTES or long_size:
                            missing = listener.missing
                            long_size = min(missing, LONG_RECEIVE_BYTES) if missing > TURN_BYTES else 0
                        return packets
            except (BlockingIOError, InterruptedError):
                return 0
            except OSError as error:
                failure = error
            except MemoryError:  # for what this one sends: of that nothing was read, and all others are heard on
                failure = no_memory()
            switchboard.disconnect(number)
            over.set()
            return 0

        switchboard.connect(number, readable)
        if self._works:
            switchboard.works(number)
        try:
            await over.wait()
        finally:
            switchboard.disconnect(number)
        if failure is not None:
            raise failure

    def works(self) -> None:
        """See Transport."""
        if not self._works and self._switchboard is not None:
            self._works = True
            self._switchboard.works(self.number)

    def works_no_more(self) -> None:
        """See Transport."""
        if self._works and self._switchboard is not None:
            self._works = False
            self._switchboard.works_no_more(self.number)

    async def receive(self) -> bytes:
        """See Transport."""
        self._trio_has_waited = True
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._receive_now(RECEIVE_BYTES)
            except (BlockingIOError, InterruptedError):
                continue

    def send_now(self, pieces: Sequence[Piece]) -> int:
        """See Transport."""
        try:
            if len(pieces) == 1:
                return self._socket.send(pieces[0])
            return self._socket.sendmsg(pieces[:MOST_AT_ONCE])
        except (BlockingIOError, InterruptedError):
            return 0

    async def send_all(self, data: Piece) -> None:
        """See Transport."""
        rest = memoryview(data)
        self._trio_has_waited = True
        while rest:
            if self._socket.fileno() < 0:
                # Closed before the task that is to send had its turn; trio knows that only of who waits already.
                raise trio.ClosedResourceError
            await trio.lowlevel.wait_writable(self._socket)
            rest = rest[self.send_now([rest]) :]

    async def send_eof(self) -> None:
        """See Transport."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """See Transport."""
        if self._socket.fileno() >= 0:
            if self._switchboard is not None:
                self._switchboard.forget(self.number)
            if self._trio_has_waited:
                trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
