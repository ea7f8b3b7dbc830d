"""What the store says of jobs."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from persistence.records import Handle, Incarnation, JobId
from protocol import Priority


class Order(NamedTuple):
    """What a client asks for. A named tuple, because one is made for every job there is."""

    function: bytes
    unique: bytes
    """b"" for none."""
    reducer: bytes
    payload: bytes
    priority: Priority
    background: bool
    """Whether nobody waits for the end."""
    run_at: int | None = None
    """Unix seconds; None for at once."""


class ClaimedJob(NamedTuple):
    """One run of a job, handed to this broker.

    A named tuple, because one is made for every job there is.
    """

    function: bytes
    id: JobId
    handle: Handle
    attempt: int
    """1 for the first run; with the handle, the name of this run."""
    number: int
    """The claim's number: of two, the higher was claimed later."""
    listeners: bytes
    """The incarnations at which clients wait, joined; this broker's own may be among them."""
    priority: Priority
    background: bool
    beside: bool
    """Whether Redis keeps the payload beside the record."""
    unique: bytes
    reducer: bytes
    payload: bytes


class Submitted(Enum):
    """What became of a submit."""

    QUEUED = "stored, and will run"
    JOINED = "its unique is taken: this is now one with the job that holds it"
    FULL = "refused: the function holds as many jobs as it may"
    GONE = "stored by an earlier try, and over since"


class Adopted(Enum):
    """What became of a job that was to be taken over from another server's queue."""

    ADOPTED = "stored, and will run; in a trial: would be"
    JOINED = "its unique is taken: it is now one with the job that holds it"
    KNOWN = "it was taken over before, and may be over since"
    SEEN = "it was taken over before by this very process, to which it was given twice"


class Outcome(bytes, Enum):
    """How a run ended: the word the scripts know, as which it is sent."""

    COMPLETED = b"completed"
    FAILED = b"failed"
    RAISED = b"raised"


class Manner(Enum):
    """Why a job goes back. The value is the word the scripts know."""

    SUSPECT = b"suspect"
    """Its worker died, timed out or dropped it: to the tail, an attempt is charged."""
    HOUSE = b"house"
    """A broker gave it back: to the head, nothing is charged."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What GET_STATUS asks."""

    known: bool
    running: bool = False
    numerator: int = 0
    denominator: int = 0
    function: bytes = b""
    """Its name. This, the id and the listeners are told when it was asked for by its unique."""
    id: JobId | None = None
    listeners: tuple[Incarnation, ...] = ()
    """The brokers at which clients wait."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of one function, over all brokers."""

    function: bytes
    queued: tuple[int, int, int]
    """By priority: high, normal, low."""
    scheduled: int
    running: int
    submitted: int
    coalesced: int
    completed: int
    failed: int
    retried: int
    requeued: int
    dead: int

    @property
    def total(self) -> int:
        """Every job that is not over."""
        return sum(self.queued) + self.scheduled + self.running


@dataclass(frozen=True, slots=True)
class Limits:
    """How many jobs a function may hold when one of that priority is submitted; 0 for any number."""

    high: int = 0
    normal: int = 0
    low: int = 0

    @property
    def any(self) -> bool:
        """Whether something is limited."""
        return bool(self.high or self.normal or self.low)

    @property
    def packed(self) -> bytes:
        """As the scripts know them; nothing for no limit."""
        return b"%d %d %d" % (self.high, self.normal, self.low) if self.any else b""


@dataclass(frozen=True, slots=True)
class Mail:
    """Something said elsewhere of a job that clients here wait for."""

    id: JobId
    kind: bytes
    """data, warning, status; or how it ended: completed, failed, raised."""
    payload: bytes
