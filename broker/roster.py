"""Which workers can do what, which of them sleep, and where work may wait. Decides; sends nothing.

A *line* is a function as this broker hears it: one bit per priority says that its queue *may hold work*. A bit is
set by a notice and by a fresh subscription, and cleared by a claim that found that queue empty, in the order in which
Redis said so. A worker that asks while all its bits are clear is answered without asking Redis.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from broker.session import Session, State
from persistence import ClaimedJob, Function

ALL_BITS: Final = 0b111
NOTHING: Final = 3
"""No priority."""
BEST: Final = (NOTHING, 0, 1, 0, 2, 0, 1, 0)
"""The best priority (0 high, 2 low) among those whose bits are set."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A job claimed for this broker and for none of its workers yet; it goes back at `until` (trio's clock)."""

    job: ClaimedJob
    until: float


@dataclass(eq=False, slots=True)
class Line:
    """One function at this broker."""

    function: Function
    bits: int = 0
    workers: dict[Session, None] = field(default_factory=dict)
    sleepers: dict[Session, None] = field(default_factory=dict)
    """In the order in which they fell asleep."""
    reserved: deque[Reservation] = field(default_factory=deque)
    handing: int = 0
    """Claims on the way for workers here, by submits."""

    @property
    def promises(self) -> int:
        """The best priority at which this line may have a job, 3 for none."""
        best = BEST[self.bits]
        if self.reserved and self.reserved[0].job.priority < best:
            return self.reserved[0].job.priority
        return best

    @property
    def is_idle(self) -> bool:
        """Whether nothing here depends on hearing this function."""
        return not (self.workers or self.reserved or self.handing)


class Choice(NamedTuple):
    """Where a worker should look, and down to which priority before another of its functions has better."""

    line: Line
    lowest: int


class Roster:
    """Who can do what here."""

    def __init__(self) -> None:
        self.lines: dict[bytes, Line] = {}

    def enlist(self, session: Session, line: Line) -> bool:
        """This worker can do that function. False if it said so before. It will be asked first."""
        if session in line.workers:
            return False
        line.workers[session] = None
        session.order.insert(0, line)
        if session.state is State.ASLEEP:
            line.sleepers[session] = None
        return True

    def dismiss(self, session: Session, line: Line) -> None:
        """This worker no longer does that function. Unknown is fine."""
        line.workers.pop(session, None)
        line.sleepers.pop(session, None)
        if line in session.order:
            session.order.remove(line)

    def choose(self, session: Session) -> Choice | None:
        """Where this worker's next job should come from: the best priority of all its functions, in turns."""
        chosen: Line | None = None
        best = second = NOTHING
        for line in session.order:
            level = line.promises
            if level < best:
                chosen, best, second = line, level, best
            elif level < second:
                second = level
        if chosen is None:
            return None
        return Choice(chosen, min(second, 2))

    def has_served(self, session: Session, line: Line) -> None:
        """This worker got a job of that function: its others come first now."""
        if len(session.order) > 1 and line in session.order:
            session.order.remove(line)
            session.order.append(line)

    def may_hand_off(self, session: Session, line: Line, priority: int) -> bool:
        """Whether no other function of this sleeper promises as good a job."""
        return all(other is line or other.promises > priority for other in session.order)

    def fall_asleep(self, session: Session) -> None:
        """This worker waits for a NOOP."""
        session.state = State.ASLEEP
        for line in session.order:
            line.sleepers[session] = None

    def rouse(self, session: Session, state: State) -> None:
        """This worker sleeps no more."""
        if session.state is State.ASLEEP:
            for line in session.order:
                line.sleepers.pop(session, None)
        session.state = state

    def sleeper(self, line: Line) -> Session | None:
        """Who has slept longest among those who can do this function."""
        return next(iter(line.sleepers), None)
