"""Many submits under way at once on one connection, their answers handed out in order."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from client.blocking.deadline import Deadline
from client.blocking.line import Line
from client.blocking.pool import Pool
from client.errors import CannotConnectError
from client.pending import REFILL_JOBS, PendingSubmit, free_what_may_be_submitted_again, next_job
from client.records import Submitted
from client.slot import Slot
from client.submission import BackgroundJob
from protocol import JobCreated

__all__ = ["Pipeline"]

BATCH_BYTES = 64 * 1024  # submits that are taken together leave in one send


class Pipeline:
    """The submits of one `Client.submit_many`.

    The answers that are under way at a time fit the kernel's buffers, so the server can always write while we do.
    """

    def __init__(self, pool: Pool, jobs: Iterable[BackgroundJob], most_ahead: int, timeout_seconds: float) -> None:
        self._pool = pool
        self._jobs: Iterator[BackgroundJob] | None = iter(jobs)
        self._most_ahead = most_ahead
        self._refill_jobs = min(REFILL_JOBS, max(1, most_ahead // 2))
        self._timeout_seconds = timeout_seconds
        self._pending: deque[PendingSubmit[Slot]] = deque()
        self._unsent: deque[PendingSubmit[Slot]] = deque()  # of the pending ones, those that are to be submitted

    def run(self) -> Iterator[Submitted]:
        """The outcomes, in the order of the jobs."""
        while True:
            yield from self._settled()
            if not self._pending and not self._take_one():
                return
            with ExitStack() as lease:
                try:
                    line = lease.enter_context(self._pool.lend(Deadline(self._timeout_seconds)))
                except CannotConnectError as error:
                    unreachable = self._pending.popleft()
                    self._unsent.remove(unreachable)
                    yield unreachable.given_up(error)
                    continue
                yield from self._over(line)

    def _over(self, line: Line) -> Iterator[Submitted]:
        """The outcomes of all that can be submitted on this connection."""
        self._fill(line)
        while not line.lost:  # what was answered before a loss is handed out after it
            yield from self._settled()
            if self._most_ahead - len(self._pending) >= self._refill_jobs:
                self._fill(line)
            if not self._pending:
                line.finish()
                return
            line.pump(Deadline(self._timeout_seconds))
        free_what_may_be_submitted_again(self._pending)
        self._unsent = deque(entry for entry in self._pending if entry.slot is None)

    def _settled(self) -> Iterator[Submitted]:
        while self._pending and (slot := self._pending[0].slot) is not None and slot.settled:
            yield self._pending.popleft().outcome(slot)

    def _fill(self, line: Line) -> None:
        """Submits until enough are under way."""
        while len(self._pending) < self._most_ahead and self._take_one():
            pass
        while self._unsent and not line.lost:
            batch: list[Slot] = []
            size = 0
            while self._unsent and size < BATCH_BYTES:
                entry = self._unsent.popleft()
                entry.slot = Slot(entry.job.data, JobCreated)
                batch.append(entry.slot)
                size += len(entry.job.data)
            line.send(batch, Deadline(self._timeout_seconds))

    def _take_one(self) -> bool:
        job = next_job(self._jobs) if self._jobs is not None else None
        if job is None:
            self._jobs = None
            return False
        entry: PendingSubmit[Slot] = PendingSubmit(job)
        self._pending.append(entry)
        self._unsent.append(entry)
        return True
