"""Writing to one peer: at once what the kernel takes, the rest by a task of its own, and never without bound."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import trio

from broker.no_room import no_room
from broker.outgoing import Outgoing, Promise
from broker.transport import Transport
from persistence.pieces import Piece, unsent

if TYPE_CHECKING:
    from broker.flusher import Flusher

READS_TOO_LITTLE: Final = "it does not read what it is sent"
TOO_MUCH_BEHIND: Final = "more waits for it behind an answer of the store than may (--outbox-limit)"


class Writer:
    """The bytes for one peer, from being said to being gone.

    Args:
        transport: where they go.
        flusher: told when there is something to write.
        limit_bytes: when this much waits, the next thing that is said ends the connection. So one packet may be
            larger, or a peer could never be given a job whose payload is as long as a packet may be.
        drop: ends the connection; told why.
        changed: called when fewer bytes or answers wait than before.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        flusher: "Flusher",
        limit_bytes: int,
        drop: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.outgoing = Outgoing()
        self.closed = False
        """Set at the end of the connection: what is said after that goes nowhere."""
        self._transport = transport
        self._flusher = flusher
        self._limit_bytes = limit_bytes
        self._drop = drop
        self._changed = changed
        self._rest: list[Piece] = []
        self._rest_bytes = 0
        self._draining = False
        self._marked = False

    @property
    def is_done(self) -> bool:
        """Whether all that was said or promised has been handed to the system."""
        return not (self.outgoing.promises or self.outgoing.size or self._draining)

    @property
    def waiting_bytes(self) -> int:
        """How much waits: for its turn, for an answer before it, or for the peer to read."""
        return self.outgoing.size + self._rest_bytes

    def takes_part_of(self, promise: Promise) -> bool:
        """Whether the peer has been sent all before this answer, so that a part of it may leave."""
        return not self._draining and self.outgoing.is_due(promise)

    def room(self) -> bool:
        """Whether more may be said; if not, the connection ends here."""
        if self.closed:
            return False
        if not self._marked:
            self._marked = True
            self._flusher.mark(self)
        if self.outgoing.size + self._rest_bytes > self._limit_bytes:
            return self._finds_room()
        return True

    def room_for_answer(self) -> bool:
        """The same for an answer that was promised: what waits behind it is no reason to end, for it may leave then."""
        if self._draining:
            return self.room()
        if not (self._marked or self.closed):
            self._marked = True
            self._flusher.mark(self)
        return not self.closed

    def _finds_room(self) -> bool:
        """More waits than may; but perhaps only because nobody has tried to send it yet."""
        if not self._draining:
            self._flusher.flush_one(self)
            self._marked = True
            self._flusher.mark(self)
        if self.waiting_bytes > self._limit_bytes and not self.closed:
            self._drop(READS_TOO_LITTLE if self._draining else TOO_MUCH_BEHIND)
        return not self.closed

    def flush(self) -> bool:
        """Write what may leave. True when the rest needs a task of its own: `drain`."""
        self._marked = False
        self._changed()  # also when nothing leaves now: fewer answers may wait than before
        if self._draining or self.closed:
            return False
        pieces = self.outgoing.take()
        if not pieces:
            return False
        try:
            sent = self._transport.send_now(pieces)
        except (OSError, MemoryError) as error:
            self._fail(error)
            return False
        if sent == len(pieces[0]) and len(pieces) == 1:
            return False
        self._leave(unsent(pieces, sent))
        self._draining = bool(self._rest)
        return self._draining

    def _leave(self, rest: list[Piece]) -> None:
        self._rest = rest
        self._rest_bytes = sum(map(len, rest))

    def _fail(self, error: Exception) -> None:
        # A peer that is gone may have said something before it went: whoever reads from it finds out, and is told
        # that something has changed. That there is no room, nobody would find out there.
        self.closed = True
        if why := no_room(error):
            self._drop(why)

    async def drain(self) -> None:
        """Write what the kernel did not take at once, and what comes meanwhile, as fast as the peer reads.

        Cancelled, it leaves half a packet on the wire; whoever cancels it ends the connection.
        """
        try:
            while self._rest:
                await self._transport.send_all(self._rest[0])
                self._leave(self._rest[1:] or list(self.outgoing.take()))
                self._changed()
        except (OSError, MemoryError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._fail(error)
        self._draining = False
        self._changed()
