"""The broker's state, in one place. What happens to it stands in the modules named after what is asked."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import trio

from broker import switchboard
from broker.audience import Audience
from broker.flusher import Flusher
from broker.line import ALL_BITS, Line
from broker.orders import Orders
from broker.refusals import Refusals
from broker.roster import Roster
from broker.runs import Run, Runs
from broker.session import Session
from broker.settings import Settings
from broker.switchboard import Switchboard
from broker.tls import Certificates
from persistence import Function, JobId, Store
from protocol import Event

if TYPE_CHECKING:
    from broker.departures import Departures


class Broker:
    """One broker: its sessions, who can do what, what runs, who waits. It lives as long as `open_broker`'s block."""

    def __init__(self, settings: Settings, start_soon: Callable[..., None], orders: Orders) -> None:
        self.settings = settings
        self.orders = orders
        """What it has been told about its end, and how to tell it."""
        self.addresses: list[tuple[str, int]] = []
        """Where it listens: host and port."""
        self.certificates: Certificates | None = None
        """With what the port speaks TLS; None: it does not."""
        self.data = ""
        """Where its data is, in one line."""
        self.start_soon = start_soon
        """Start a task that lives as long as the broker: for what must be waited for, and belongs to no session."""
        self.sessions: dict[Session, None] = {}
        self.roster = Roster()
        self.runs = Runs()
        self.audience = Audience()
        self.progressing: list[Run] = []
        """Runs that have said how far they are since it was last written down."""
        self.limits_changed = trio.Event()
        """Set when a run with a time limit has begun: the duty that watches them must look again."""
        self.detaching: Counter[bytes] = Counter()
        """The jobs that nobody waits for here any more, by handle, as long as Redis does not know."""
        self.unwanted: dict[bytes, tuple[Function, list[JobId]]] = {}
        """Those of them of which it is told at the end of this event, by function."""
        self.refusals = Refusals()
        self.flusher = Flusher(lambda writer: start_soon(writer.drain))
        self.at_length = trio.Semaphore(1)
        """To be had for a reply that takes long to tell: who waits for it has it in a later turn of the scheduler."""
        self.switchboard: Switchboard | None = None
        """What reads from plain sockets, where the system has what it takes."""
        if switchboard.IS_AVAILABLE:
            self.switchboard = Switchboard(lambda: self.store.gather(), self.flusher.flush, lambda: self.store.lags)
        self.leaving = False
        """Set by a clean stop: nothing new is handed out, and what comes back is not its worker's fault."""
        self.departures: Departures
        """What becomes of what clients waited for who are gone."""
        self.store: Store
        self.handlers: Mapping[type, Callable[[Session, Event], None]]
        """What does what a packet or a text line asks for, by its class."""

    def line(self, name: bytes) -> Line:
        """The function with this name as this broker hears it, from now on."""
        line = self.roster.lines.get(name)
        if line is None:
            function = self.store.function(name)
            self.store.listen(function)
            # The subscription leaves before any claim made from here on, so it is as good as heard already: the
            # bits may be set at once, and a worker that asks right after CAN_DO finds what waits.
            line = self.roster.lines[name] = Line(function, ALL_BITS)
        return line

    def line_of(self, function: Function) -> Line | None:
        """The line of a function, if this broker hears it."""
        return self.roster.lines.get(function.name)

    def watch_store(self, changed: Callable[[str | None], None]) -> None:
        """Call this when the store has gone out of reach, with the reason, and with None when it is back."""
        outage = self.store.outage
        outage.changed = lambda: changed(None if outage.reason is None else " ".join(str(outage.reason).split()))

    def describe(self) -> bytes:
        """What other brokers may know of this one, as JSON: where it listens, its workers by function, its runs."""
        return json.dumps(
            {
                "addresses": [f"{host}:{port}" for host, port in self.addresses],
                "workers": {name.decode("latin-1"): len(line.workers) for name, line in self.roster.lines.items()},
                "running": len(self.runs.by_handle),
            }
        ).encode()
