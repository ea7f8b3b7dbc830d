"""One connection: what its peer has told us about itself, and the bytes in and out.

A peer has no role: the same connection may submit, work and ask. Packets are handled in order. A handler that must
wait for the store either promises an answer and lets the next packet be handled, or, where what follows depends on
the outcome (GRAB_JOB), holds the session until it is known.
"""

import logging
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

import trio

from broker.outgoing import Outgoing, Promise
from broker.transport import Transport
from protocol import CLOSED, NEED_DATA, Connection, Error, Event, Packet, RemoteProtocolError, Role

if TYPE_CHECKING:
    from broker.flusher import Flusher
    from broker.roster import Line
    from broker.runs import Run
    from persistence import Function, JobId

log = logging.getLogger(__name__)

MAX_PROMISED: Final = 4096
"""Answers that may be outstanding before we stop reading: a pipeline this deep keeps Redis busy, more only waits."""
REMEMBERED_RUNS: Final = 1024
"""Runs that a connection has ended or lost and that it may still speak of without being told off."""
GOODBYE_SECONDS: Final = 10.0
"""How long a peer that has finished gets to read its last answers; longer than the store may take to give them."""


class State(Enum):
    """What a worker is about, as far as waking it goes."""

    AWAKE = "it grabs by itself, or is no worker"
    ASLEEP = "it waits for a NOOP"
    PROMISED = "asleep, and a job is being claimed for it"
    WOKEN = "it got its NOOP and has not grabbed yet"


class Session:
    """One connection and its peer's state. `handle` is called for each packet and text line."""

    def __init__(
        self,
        transport: Transport,
        *,
        handle: Callable[["Session", Event], None],
        flusher: "Flusher",
        max_packet: int,
        outbox_limit: int,
        exceptions: bool,
    ) -> None:
        self.transport = transport
        self.client_id = b"-"
        self.exceptions = exceptions
        self.state = State.AWAKE
        self.order: list[Line] = []
        """The functions this worker can do, the next to be asked first."""
        self.limits: dict[bytes, float] = {}
        """Seconds a run of a function may take here."""
        self.runs: dict[bytes, Run] = {}
        """What it runs, by handle."""
        self.ended: dict[bytes, tuple[Function, JobId, int]] = {}
        """What it ran, by handle: function, id, attempt."""
        self.closing = False
        self.scope = trio.CancelScope()
        self._handle = handle
        self._flusher = flusher
        self._connection = Connection(Role.BROKER, max_body=max_packet)
        self._outgoing = Outgoing()
        self._outbox_limit = outbox_limit
        self._held = False
        self._rest = b""
        self._draining = False
        self._marked = False
        self._changed = trio.Event()

    @property
    def name(self) -> str:
        """How logs name this connection."""
        return f"{self.transport.peer} ({self.client_id.decode('utf-8', 'backslashreplace')})"

    # --- what is said -----------------------------------------------------------------------------------------

    def encode(self, packet: Packet) -> bytes:
        """A packet as it goes to peers."""
        return self._connection.send(packet)

    def say(self, packet: Packet) -> None:
        """Send a packet, behind all answers promised so far."""
        self.say_bytes(self._connection.send(packet))

    def say_bytes(self, data: bytes) -> None:
        """Send bytes, behind all answers promised so far. After the end of the session they go nowhere."""
        if self.closing:
            return
        self._outgoing.say(data)
        self._note()

    def promise(self) -> Promise:
        """Keep the place of an answer."""
        return self._outgoing.promise()

    def keep(self, promise: Promise, packet: Packet) -> None:
        """Give the answer that was promised."""
        self.keep_bytes(promise, self._connection.send(packet))

    def keep_bytes(self, promise: Promise, data: bytes) -> None:
        """Give the answer that was promised, as bytes."""
        self._outgoing.keep(promise, data)
        self._note()

    def _note(self) -> None:
        if not self._marked:
            self._marked = True
            self._flusher.mark(self)
        if self._outgoing.size + len(self._rest) > self._outbox_limit:
            self.drop("it does not read what it is sent")

    def flush(self) -> bool:
        """Write what may leave. True when the rest needs a task of its own: `drain`."""
        self._marked = False
        if self._draining or self.closing:
            return False
        data = self._outgoing.take()
        self._changed.set()
        if not data:
            return False
        try:
            sent = self.transport.send_now(data)
        except OSError as error:
            self.drop(f"writing failed: {error.strerror}", weight=logging.DEBUG)
            return False
        if sent == len(data):
            return False
        self._rest = data[sent:]
        self._draining = True
        return True

    async def drain(self) -> None:
        """Write what the kernel did not take at once, and what comes meanwhile, as fast as the peer reads.

        Cancelled, it leaves half a packet on the wire; whoever cancels it ends the session.
        """
        try:
            while self._rest:
                await self.transport.send_all(self._rest)
                self._rest = self._outgoing.take()
                self._changed.set()
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            self.drop("writing failed", weight=logging.DEBUG)
        self._draining = False
        self._changed.set()

    def drop(self, why: str, *, weight: int = logging.WARNING) -> None:
        """End this session from our side."""
        if not self.closing:
            log.log(weight, "dropped %s: %s", self.name, why)
        self.closing = True
        self.scope.cancel()

    # --- what is heard ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the peer until it has finished, breaks the rules or is dropped; its transport is closed then."""
        try:
            with self.scope:
                await self._listen()
                await self._say_goodbye()
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            log.debug("%s hung up: %s", self.name, error)
        finally:
            self.closing = True
            with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                await self.transport.aclose()

    async def _listen(self) -> None:
        while not self.closing:
            data = await self.transport.receive()
            self._connection.receive_data(data)
            wanted = self._go_on()
            self._flusher.flush()
            if not wanted or not data:
                return
            while self._held or self._outgoing.promised > MAX_PROMISED:
                await self._change()

    async def _change(self) -> None:
        self._changed = trio.Event()
        await self._changed.wait()

    async def _say_goodbye(self) -> None:
        """Let the last answers be given and read: a peer that only shut down its sending side still listens."""
        with trio.move_on_after(GOODBYE_SECONDS):
            while self._held:
                await self._change()
            while (self._outgoing.promised or self._outgoing.size or self._draining) and not self.closing:
                await self._change()

    def hold(self) -> None:
        """Handle nothing more until `go_on`: what follows depends on an answer of the store."""
        self._held = True

    def release(self) -> None:
        """The answer is there; what it leads to may hold the session again."""
        self._held = False

    def go_on(self) -> None:
        """Handle what was sent meanwhile, unless the session is held again."""
        if not self._held:
            self._changed.set()
            if not self.closing:
                self._go_on()

    def _go_on(self) -> bool:
        """Handle what has been heard. False when that was the last of it."""
        while not self._held:
            try:
                event = self._connection.next_event()
            except RemoteProtocolError as error:
                self.say(Error(error.code, error.text))
                if error.fatal:
                    log.warning("closing %s: it sent what no Gearman peer may send: %s", self.name, error)
                    return False
                continue
            if event is NEED_DATA:
                return True
            if event is CLOSED:
                return False
            self._handle(self, event)
        return True
