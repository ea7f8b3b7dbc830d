"""A *line*: one function as this broker hears it.

One bit per priority says that its queue *may hold work*. A bit is set by a notice and by a fresh subscription, and
cleared by a claim that found that queue empty, in the order in which Redis said so. A worker that asks while all its
bits are clear is answered without asking Redis.
"""

import heapq
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from persistence import ClaimedJob, Function

if TYPE_CHECKING:
    from broker.session import Session

ALL_BITS: Final = 0b111
NOTHING: Final = 3
"""No priority."""
BEST: Final = (NOTHING, 0, 1, 0, 2, 0, 1, 0)
"""The best priority (0 high, 2 low) among those whose bits are set."""


@dataclass(eq=False, slots=True)
class Line:
    """One function at this broker."""

    function: Function
    bits: int = 0
    workers: dict["Session", None] = field(default_factory=dict)
    sleepers: dict["Session", None] = field(default_factory=dict)
    """In the order in which they fell asleep."""
    drowsy: dict["Session", None] = field(default_factory=dict)
    """Those about to sleep, in the order in which they were told that there is no job."""
    claiming: int = 0
    """Claims on the way, behind whose answers a sleeper is woken here if there is work left."""
    handing: int = 0
    """Submits on the way that will bring a job for a worker here."""
    expected: int = 0
    """How many of these are as good as sure to bring one, so that a worker need not be told first."""
    brought: bool = True
    """Whether the last that was expected did."""
    called: dict["Session", None] = field(default_factory=dict)
    """Those woken for one that is expected."""
    waiting: dict["Session", Callable[[ClaimedJob | None], None]] = field(default_factory=dict)
    """Those who have asked and wait for one that is expected, in the order in which they asked; called once, with the
    job or with none."""
    joining: int = 0
    """Submits on the way whose clients will wait for their jobs, and for mail about them."""
    _reserved: list[tuple[int, int, float, ClaimedJob]] = field(default_factory=list)

    @property
    def promises(self) -> int:
        """The best priority at which this line may have a job, NOTHING for none."""
        best, reserved = BEST[self.bits], self._reserved
        return min(best, reserved[0][0]) if reserved else best

    @property
    def reserved_priority(self) -> int:
        """The best priority among the jobs reserved here, NOTHING for none."""
        return self._reserved[0][0] if self._reserved else NOTHING

    @property
    def is_idle(self) -> bool:
        """Whether nothing here depends on hearing this function, but perhaps clients that wait for a job."""
        return not (self.workers or self._reserved or self.handing or self.joining)

    @property
    def expects_somebody(self) -> bool:
        """Whether a job is expected for which nobody waits and nobody was woken."""
        return self.expected > len(self.called) + len(self.waiting)

    def answer_one(self, job: ClaimedJob | None) -> None:
        """Who has waited longest is told: the job, or that none came."""
        self.waiting.pop(next(iter(self.waiting)))(job)

    def reserve(self, job: ClaimedJob, until: float) -> None:
        """Keep a job that was claimed for this broker and for none of its workers yet, until then (trio's clock)."""
        heapq.heappush(self._reserved, (int(job.priority), job.number, until, job))

    def take_reserved(self) -> ClaimedJob | None:
        """The reserved job to be handed out next, if nothing in the queue may be better."""
        if self._reserved and self._reserved[0][0] <= BEST[self.bits]:
            return heapq.heappop(self._reserved)[3]
        return None

    def empty_reserved(self) -> list[ClaimedJob]:
        """Take out all that is reserved, newest claim first: so they go back to the head of their queue."""
        reserved, self._reserved = self._reserved, []
        return _newest_first(job for *_, job in reserved)

    def is_overdue(self, now: float) -> bool:
        """Whether a reserved job was not taken in time."""
        return any(until <= now for _, _, until, _ in self._reserved)

    def reserves(self, handle: bytes, attempt: int) -> bool:
        """Whether this run is reserved here."""
        return any(job.handle == handle and job.attempt == attempt for *_, job in self._reserved)

    def unreserve(self, handles: Collection[bytes]) -> list[ClaimedJob]:
        """Nobody here need run these jobs. Returns those of them that were reserved, newest claim first."""
        taken = [entry[3] for entry in self._reserved if entry[3].handle in handles]
        if taken:
            self._reserved = [entry for entry in self._reserved if entry[3].handle not in handles]
            heapq.heapify(self._reserved)
        return _newest_first(taken)


def _newest_first(jobs: Iterable[ClaimedJob]) -> list[ClaimedJob]:
    """As they go back to the head of their queue, so that the oldest ends up there."""
    return sorted(jobs, key=lambda job: -job.number)
