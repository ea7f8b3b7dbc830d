"""Many submits under way at once, their answers handed out in order."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Self

import trio

from client.awaiting import AwaitedSlot
from client.errors import CannotConnectError
from client.pending import REFILL_JOBS, PendingSubmit, free_what_may_be_submitted_again, next_job
from client.records import Submitted
from client.requests import Requests
from client.slot import NotSentError
from client.submission import BackgroundJob

__all__ = ["SubmitPipeline"]


class SubmitPipeline:
    """What `Client.submit_many` gives: iterate over it once, from one task.

    It has no task of its own and needs no closing: answers come in and submits leave by the connection's tasks.

    Example:
        letters = client.submit_many(BackgroundJob("sendEmail", b"to: ann@example.org") for _ in range(3))
        assert isinstance(letters, SubmitPipeline)
        handles = [submitted.handle async for submitted in letters]
    """

    def __init__(self, requests: Requests, jobs: Iterable[BackgroundJob], most_ahead: int) -> None:
        self._requests = requests
        self._jobs: Iterator[BackgroundJob] | None = iter(jobs)
        self._most_ahead = most_ahead
        self._refill_jobs = min(REFILL_JOBS, max(1, most_ahead // 2))
        self._pending: deque[PendingSubmit[AwaitedSlot]] = deque()
        self._unposted: deque[PendingSubmit[AwaitedSlot]] = deque()  # the last of the pending ones
        self._asked = False
        self._newest: AwaitedSlot | None = None  # if its answer came, so did those of all before it

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Submitted:
        """The next job's outcome. Cancelled: nothing is lost, the iteration goes on where it was.

        Raises what the iterable raises, trio.ClosedResourceError if the client is closed, and trio.BusyResourceError if
        another task waits for the next one already.
        """
        await trio.lowlevel.checkpoint()
        if self._asked:
            raise trio.BusyResourceError("another task iterates over these submits")
        self._asked = True
        try:
            return await self._next()
        finally:
            self._asked = False

    async def _next(self) -> Submitted:
        while True:
            if self._unposted or self._most_ahead - len(self._pending) >= self._refill_jobs:
                await self._fill()
            if not self._pending:
                raise StopAsyncIteration
            submitted = await self._outcome(self._pending[0])
            if submitted is not None:
                self._pending.popleft()
                return submitted

    async def _fill(self) -> None:
        """Submits until enough are under way, or no server is there."""
        while self._unposted or self._take_one():
            if self._newest is not None and self._newest.lost:
                self._submit_again_what_is_safe()  # before anything newer goes out on another connection
                continue
            entry = self._unposted[0]
            if entry.unreachable is not None and entry is not self._pending[0]:
                return  # those before it are handed out first, without a wait for the next attempt
            try:
                entry.slot = self._newest = await self._requests.post(entry.job)
            except NotSentError:
                continue
            except CannotConnectError as error:
                entry.unreachable = error
                return
            entry.unreachable = None
            self._unposted.popleft()

    def _take_one(self) -> bool:
        if self._jobs is None or len(self._pending) >= self._most_ahead:
            return False
        job = next_job(self._jobs)
        if job is None:
            self._jobs = None
            return False
        entry: PendingSubmit[AwaitedSlot] = PendingSubmit(job)
        self._pending.append(entry)
        self._unposted.append(entry)
        return True

    async def _outcome(self, entry: PendingSubmit[AwaitedSlot]) -> Submitted | None:
        """How the oldest submit ended, or None if it is to be submitted again."""
        slot = entry.slot
        if slot is None:
            self._unposted.popleft()
            assert entry.unreachable is not None  # else it would have been submitted
            return entry.given_up(entry.unreachable)
        await slot.wait_settled()
        try:
            submitted = entry.outcome(slot)
        except NotSentError:
            self._submit_again_what_is_safe()
            return None
        if slot.lost:
            self._submit_again_what_is_safe()
        return None if entry.slot is None else submitted

    def _submit_again_what_is_safe(self) -> None:
        """After a loss, in order."""
        free_what_may_be_submitted_again(self._pending)
        self._newest = None
        self._unposted = deque(entry for entry in self._pending if entry.slot is None)
