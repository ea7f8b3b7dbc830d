"""The runs at this broker: which connection runs which job, and until when it may."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import trio

from broker.session import REMEMBERED_RUNS, Session
from persistence import ClaimedJob, Function, JobId


@dataclass(eq=False, slots=True)
class Run:
    """One job in the hands of one worker."""

    job: ClaimedJob
    function: Function
    session: Session
    until: float = math.inf
    """When its time is up (trio's clock)."""
    ended: bool = False
    elsewhere: bool = False
    """Whether clients at other brokers listen."""
    progress: tuple[int, int] | None = None
    """What is to be noted when the current event has been dealt with."""


@dataclass(slots=True)
class Runs:
    """Every run at this broker, by handle and by time limit. Decides; sends nothing."""

    by_handle: dict[bytes, Run] = field(default_factory=dict)
    by_id: dict[JobId, Run] = field(default_factory=dict)
    _limits: list[tuple[float, int, Run]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _emptied: trio.Event | None = None

    def begin(self, run: Run) -> None:
        """A worker got a job."""
        self.by_handle[run.job.handle] = run
        self.by_id[run.job.id] = run
        run.session.runs[run.job.handle] = run
        if run.until < math.inf:
            heapq.heappush(self._limits, (run.until, next(self._order), run))

    def end(self, run: Run) -> None:
        """A run is over here, however it ended. Its connection may still speak of it without being told off."""
        run.ended = True
        job = run.job
        if self.by_handle.get(job.handle) is run:
            del self.by_handle[job.handle], self.by_id[job.id]
        run.session.runs.pop(job.handle, None)
        if not self.by_handle and self._emptied is not None:
            self._emptied.set()
        ended = run.session.ended
        ended[job.handle] = (run.function, job.id, job.attempt)
        if len(ended) > REMEMBERED_RUNS:
            del ended[next(iter(ended))]

    async def wait_empty(self) -> None:
        """Wait until nothing runs here."""
        while self.by_handle:
            self._emptied = trio.Event()
            await self._emptied.wait()

    def next_limit(self) -> float:
        """When the next time limit passes; infinity for never."""
        while self._limits and self._limits[0][2].ended:
            heapq.heappop(self._limits)
        return self._limits[0][0] if self._limits else math.inf

    def overdue(self, now: float) -> list[Run]:
        """The runs whose time is up."""
        late = []
        while self.next_limit() <= now:
            late.append(heapq.heappop(self._limits)[2])
        return late
