"""The runs at this broker: which connection runs which job, and until when it may."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import trio

from broker.session import REMEMBERED_RUNS, Session
from broker.uniques import Uniques
from persistence import ClaimedJob, Function

FEW_LIMITS: Final = 64
"""Time limits of ended runs that are not worth clearing away."""


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
    progress: tuple[bytes, bytes] | None = None
    """What is to be noted when the current event has been dealt with, as the worker said it."""


@dataclass(slots=True)
class Runs:
    """Every run at this broker, by handle and by time limit. Decides; sends nothing."""

    by_handle: dict[bytes, Run] = field(default_factory=dict)
    uniques: Uniques = field(default_factory=Uniques)
    """Those of jobs that run here, and some more."""
    _limits: list[tuple[float, int, Run]] = field(default_factory=list)
    _ended_limits: int = 0
    _order: Iterator[int] = field(default_factory=count)
    _emptied: trio.Event | None = None
    """Of all who wait for that."""

    def begin(self, run: Run) -> bool:
        """A worker got a job. Whether its time limit is now the next to pass."""
        handle = run.job.handle
        self.by_handle[handle] = run.session.runs[handle] = run
        self.uniques.note(run.job.unique)
        if run.until == math.inf:
            return False
        heapq.heappush(self._limits, (run.until, next(self._order), run))
        return self._limits[0][2] is run

    def end(self, run: Run) -> None:
        """A run is over here, however it ended. Its connection may still speak of it without being told off."""
        run.ended = True
        job, session = run.job, run.session
        handle = job.handle
        if self.by_handle.get(handle) is run:
            del self.by_handle[handle]
        session.runs.pop(handle, None)
        self.uniques.forget(job.unique)
        if self._emptied is not None and not self.by_handle:
            self._emptied.set()
            self._emptied = None
        if run.until < math.inf:
            self._clear_limits()
        ended = session.ended
        ended[handle] = (run.function, job.id, job.attempt, job.unique, job.beside)
        if len(ended) > REMEMBERED_RUNS:
            ended.popitem(last=False)

    def _clear_limits(self) -> None:
        """Runs with an hour's limit that end in a second must not be kept for the rest of the hour."""
        self._ended_limits += 1
        if self._ended_limits > max(FEW_LIMITS, len(self._limits) // 2):
            self._limits = [entry for entry in self._limits if not entry[2].ended]
            heapq.heapify(self._limits)
            self._ended_limits = 0

    async def wait_empty(self) -> None:
        """Wait until nothing runs here."""
        while self.by_handle:
            if self._emptied is None:
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
