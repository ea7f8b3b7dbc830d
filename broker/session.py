"""One connection: what its peer has told us about itself, and what is said to it and heard from it.

A peer has no role: the same connection may submit, work and ask. Packets are handled in order. A handler that must
wait for the store either promises an answer and lets the next packet be handled, or, where what follows depends on
the outcome (GRAB_JOB), holds the session until it is known.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import trio

from broker.fault_barrier import FaultBarrier
from broker.goodbye import let_it_hear, let_it_read_why
from broker.no_room import no_room
from broker.outgoing import Promise
from broker.packet_clock import PacketClock
from broker.transport import Transport
from broker.writer import Writer
from persistence.pieces import LONG_BYTES
from protocol import CLOSED, NEED_DATA, Connection, Error, Event, Packet, RemoteProtocolError, Role
from protocol.packets import Laden

if TYPE_CHECKING:
    from broker.flusher import Flusher
    from broker.line import Line
    from broker.runs import Run
    from persistence import Function, JobId
    from persistence.arrears import Arrears

log = logging.getLogger(__name__)

MAX_PROMISED: Final = 4096
"""Answers that may be outstanding before we stop reading: a pipeline this deep keeps Redis busy, more only waits."""
MAX_UNANSWERED_BYTES: Final = 16 * 1024 * 1024
"""Bytes that may have come since all was answered last, before we stop reading: they are kept until Redis has them."""
REMEMBERED_RUNS: Final = 1024
"""Runs that a connection has ended or lost and that it may still speak of without being told off."""
TLS_HANDSHAKE: Final = b"\x16\x03"
"""How a TLS client begins (RFC 8446, section 5.1), and neither a packet nor a line can."""


class State(Enum):
    """What a worker is about, as far as waking it goes."""

    AWAKE = "it grabs by itself, or is no worker"
    DROWSY = "it was told that there is no job, and is of those who sleep then"
    ASLEEP = "it waits for a NOOP"
    PROMISED = "asleep, and a job is being claimed for it"
    WOKEN = "it got its NOOP and has not grabbed yet"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one peer may ask of us."""

    max_packet: int
    """Bytes in the body of a packet."""
    outbox_limit: int
    """Bytes that may wait for it."""
    packet_timeout: float
    """Seconds from the first byte of a packet to its last."""


class Session:
    """One connection and its peer's state. `handlers` are called for each packet and text line, by its class."""

    def __init__(
        self,
        transport: Transport,
        *,
        handlers: Mapping[type, Callable[["Session", Event], None]],
        flusher: "Flusher",
        bounds: Bounds,
        exceptions: bool,
        arrears: "Arrears",
    ) -> None:
        self.transport = transport
        self.client_id = b"-"
        self.exceptions = exceptions
        self.state = State.AWAKE
        self.sleeps = False
        """Whether it has ever said that it sleeps: those who only ask now and then never do."""
        self.order: list[Line] = []
        """The functions this worker can do, the next to be asked first."""
        self.limits: dict[bytes, float] = {}
        """Seconds a run of a function may take here."""
        self.runs: dict[bytes, Run] = {}
        """What it runs, by handle."""
        self.ended: OrderedDict[bytes, tuple[Function, JobId, int, bytes, bool]] = OrderedDict()
        """What it ran, the longest ago first, by handle: function, id, attempt, unique, whether its payload is beside
        its record. Ordered, for finding the first of a plain dict takes time for each that was taken out before it."""
        self.lines = 0
        """How many lines of text it has said."""
        self.closing = False
        """Whether it is over, or ends as soon as its task gets to it."""
        self._scope = trio.CancelScope()
        self._handlers = handlers
        self._flusher = flusher
        self._bounds = bounds
        self._arrears = arrears
        self._connection = Connection(Role.BROKER, max_body=bounds.max_packet)
        self._writer = Writer(
            transport,
            flusher=flusher,
            limit_bytes=bounds.outbox_limit,
            drop=self.drop,
            changed=self._has_changed,
        )
        self._change_awaited: trio.Event | None = None
        self._barrier = FaultBarrier(self)
        self._held = False
        self._heard_all = False
        self._broke_rules = False
        self._packets = self._packets_told = 0
        self._clock = PacketClock(bounds.packet_timeout)
        self._unanswered_bytes = 0

    @property
    def name(self) -> str:
        """How logs name this connection: on one line, whatever the peer calls itself."""
        return f"{self.transport.peer} ({self.client_id.decode('latin-1').encode('unicode_escape').decode()})"

    def hears(self) -> bool:
        """Whether what is said goes somewhere: to nobody who is known to be gone."""
        return not self._writer.closed

    # --- what is said -----------------------------------------------------------------------------------------

    def encode(self, packet: Packet) -> bytes:
        """A packet as it goes to peers."""
        return self._connection.send(packet)

    def say(self, packet: Packet) -> None:
        """Send a packet, behind all answers promised so far."""
        self.say_bytes(self._connection.send(packet))

    def say_bytes(self, data: bytes) -> None:
        """Send bytes, behind all answers promised so far. After the end of the session they go nowhere."""
        writer = self._writer
        if writer.room():
            writer.outgoing.say(data)

    def say_laden(self, packet: Laden) -> None:
        """The same for one that ends with a payload, which is not copied if it is long."""
        if len(packet.payload) > LONG_BYTES:
            self.say_pieces(self._connection.send_in_pieces(packet))
        else:
            self.say_bytes(self._connection.send(packet))

    def say_pieces(self, pieces: Sequence[bytes]) -> None:
        """Send bytes that belong together, as `say_bytes` does."""
        writer = self._writer
        if writer.room():
            for piece in pieces:
                writer.outgoing.say(piece)

    def promise(self) -> Promise:
        """Keep the place of an answer."""
        return self._writer.outgoing.promise()

    def keep(self, promise: Promise, packet: Packet) -> None:
        """Give the answer that was promised."""
        self.keep_bytes(promise, self._connection.send(packet))

    def keep_bytes(self, promise: Promise, data: bytes) -> None:
        """Give the answer that was promised, as bytes."""
        writer = self._writer
        writer.outgoing.keep(promise, data if writer.room_for_answer() else b"")

    async def begin_bytes(self, promise: Promise, data: bytes) -> None:
        """Give a part of the answer that was promised, once the peer has been sent all before it.

        So a long answer is as far ahead of its reader as one part is long. After the end of the session it goes
        nowhere. Cancelled, nothing was said.
        """
        writer = self._writer
        while not writer.closed and not writer.takes_part_of(promise):
            await self._change()
        if writer.room():
            writer.outgoing.begin(promise, data)
            self._flusher.flush()

    def drop(self, why: str, *, weight: int = logging.WARNING) -> None:
        """End this session from our side."""
        if not self.closing:
            log.log(weight, "dropped %s: %s", self.name, why)
        self.closing = self._writer.closed = True
        self._scope.cancel()

    @property
    def waiting_bytes(self) -> int:
        """How much of what was said has not left yet."""
        return self._writer.waiting_bytes

    async def wait_said(self) -> None:
        """Wait until nothing that was said or promised is left here, or the session is over."""
        while not (self._writer.is_done or self._writer.closed):
            await self._change()

    # --- what is heard ----------------------------------------------------------------------------------------

    async def run(self, part: Callable[[], None]) -> None:
        """Serve the peer until it has finished, breaks the rules or is dropped.

        `part` is called as soon as that is so, or when this is cancelled; then the transport is closed.
        """
        try:
            try:
                with self._scope:
                    await self._listen()
                    if not self._writer.is_done:
                        await let_it_hear(self)
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
                if why := no_room(error):
                    self.drop(why, weight=logging.ERROR)
                else:
                    log.debug("%s hung up: %s", self.name, error)
            finally:
                self.closing = self._writer.closed = True
                self._has_changed()
                part()
            if self._broke_rules and self._writer.is_done:  # else it does not read anyway
                await let_it_read_why(self.transport)
        finally:
            self.transport.close()

    async def _listen(self) -> None:
        # Dropped in the middle of what it heard, it meets its cancellation only where it next waits: not here.
        while not (self._heard_all or self.closing):
            with self._clock.listening():
                await self.transport.listen(self)
            if self._clock.ran_out() and not self._heard_all:
                self.drop("it began a packet and did not send the rest in time")
                return
            while self._is_busy():
                await self._change()
            self._clock.forget()
            self._look_at_the_clock()

    def wants_more(self) -> bool:
        """See broker.transport.Listener."""
        return not (self._heard_all or self.closing or self._is_busy())

    def hear(self, data: bytes) -> int | None:
        """See broker.transport.Listener."""
        connection = self._connection
        if not self._packets and data[:2] == TLS_HANDSHAKE and not connection.pending:
            self.drop("it speaks TLS, and this port does not; turn TLS off at that client, or on here (--ssl)")
            return None
        with self._barrier:
            connection.receive_data(data)
            self._unanswered_bytes += len(data)
            self._go_on()
            if connection.has_more or self._clock.runs:
                self._look_at_the_clock()
        packets, self._packets_told = self._packets - self._packets_told, self._packets
        return None if self._heard_all or self.closing else packets

    @property
    def missing(self) -> int:
        """See broker.transport.Listener."""
        return self._connection.missing

    def heard(self) -> None:
        """See broker.transport.Listener."""
        self._flusher.flush()

    def _look_at_the_clock(self) -> None:
        # While the session is held it is not the peer we wait for.
        self._clock.look(0 if self._held else self._connection.pending, self._packets)

    def _is_busy(self) -> bool:
        """Whether to leave what the peer sends next where it is: first things first, and in bounded memory."""
        if self._held:
            return True
        if self._writer.closed:
            return False  # it hears no answer, so none is waited for: reading on finds its end
        if self._arrears.full and (self.runs or self.ended):
            return True  # what a worker says next would have to be kept
        promises = self._writer.outgoing.promises
        if not promises:
            self._unanswered_bytes = 0
            return False
        if self._writer.outgoing.size > self._bounds.outbox_limit // 2:
            return True  # the answers to what it says next would have to be kept, and then there is no room for them
        return len(promises) > MAX_PROMISED or self._unanswered_bytes > MAX_UNANSWERED_BYTES

    def look_again(self) -> None:
        """What this session was held back for may be over."""
        self._has_changed()

    async def _change(self) -> None:
        if self._change_awaited is None:
            self._change_awaited = trio.Event()
        await self._change_awaited.wait()

    def _has_changed(self) -> None:
        if self._change_awaited is not None:
            self._change_awaited.set()
            self._change_awaited = None

    def _say_fault(self, error: RemoteProtocolError) -> None:
        """What they did wrong, in the language in which they did it."""
        if error.in_text:
            self.say_bytes(b"ERR %b %b\r\n" % (error.code, error.text.replace(b" ", b"+")))
        else:
            self.say(Error(error.code, error.text))

    def hold(self) -> None:
        """Handle nothing more until `go_on`: what follows depends on an answer of the store."""
        self._held = True

    def release(self) -> None:
        """The answer is there; what it leads to may hold the session again."""
        self._held = False

    def go_on(self) -> None:
        """Handle what was sent meanwhile, unless the session is held again. Called by whoever has the answer."""
        if not self._held:
            self._has_changed()
            if self._connection.has_more and not self.closing:
                with self._barrier:
                    self._go_on()
                    self._look_at_the_clock()
            if self._heard_all:
                self._clock.stop_listening()

    def _go_on(self) -> None:
        """Handle what has been heard."""
        connection, handlers = self._connection, self._handlers
        while connection.has_more and not self._held:
            try:
                event = connection.next_event()
            except RemoteProtocolError as error:
                self._packets += 1
                self._say_fault(error)
                if error.fatal:
                    log.warning("closing %s: it sent what no Gearman peer may send: %s", self.name, error)
                    self._heard_all = self._broke_rules = True
                    return
                continue
            if event is NEED_DATA:
                return
            if event is CLOSED:
                self._heard_all = True
                return
            self._packets += 1
            handlers[type(event)](self, event)
