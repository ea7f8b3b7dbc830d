"""Claims: a job is handed to this broker, and what it was told about that."""

import logging
from collections.abc import Callable
from struct import Struct
from typing import Final

from persistence.errors import StoreError
from persistence.functions import Function
from persistence.jobs import ClaimedJob, Manner
from persistence.link import REFUSALS, Link
from persistence.pipe import Pipe
from persistence.replies import Reply
from persistence.records import Handle, JobId, handle_of
from persistence.scripts import CLAIM, REQUEUE
from protocol import Priority

log = logging.getLogger(__name__)

ALL_PRIORITIES: Final = 0b111
PER_JOB: Final = 5
"""id, attempt, listeners, whole or fetch, record."""
_HEAD: Final = Struct(">BBBI")
_PRIORITIES: Final = tuple(Priority)

ClaimAnswer = Callable[[ClaimedJob | None, int, int], None]
"""A job or none; the priorities (bit 2**priority) whose queues were found empty; ids left in the queue looked at."""


class Claiming:
    """Hands out jobs of the store to this broker, one run each."""

    def __init__(self, link: Link, bulk: Pipe, handle_prefix: bytes) -> None:
        self._link = link
        self._bulk = bulk
        self._handle_prefix = handle_prefix
        self._last_number = 0

    def next_number(self) -> int:
        """Number a claim: of two jobs that go back to the head of a queue, the one claimed later goes first."""
        self._last_number += 1
        return self._last_number

    def handle(self, function: Function, job: JobId) -> Handle:
        """The handle of a job of this function."""
        return handle_of(self._handle_prefix, function.digest, job)

    def claim(self, function: Function, lowest: int, answer: ClaimAnswer) -> None:
        """Ask for the oldest job of the best priority, `lowest` at worst. Never repeated: one trip, one answer.

        An outage answers with no job and no queue known to be empty. A job that arrives after the answer was
        given up goes back to the head of its queue.
        """
        number = self.next_number()
        spoken_as = self._link.incarnation

        def settled(reply: Reply) -> None:
            if isinstance(reply, list):
                empty, left = reply[1], reply[2]
                assert isinstance(empty, int)
                assert isinstance(left, int)
                if len(reply) == 3:
                    answer(None, empty, left)
                else:
                    self.deliver(function, reply[3:], number, lambda job: answer(job, empty, left))
                return
            if reply in REFUSALS:
                self._link.refused(reply, spoken_as)
            answer(None, 0, 0)

        self._link.pipe.post(
            self._link.call(CLAIM, function, number, lowest, 1),
            settled,
            deadline=self._link.deadline(),
            late=lambda reply: self._too_late(function, reply),
        )

    def deliver(
        self, function: Function, claimed: list[Reply], number: int, answer: Callable[[ClaimedJob | None], None]
    ) -> None:
        """Read one claimed job out of a script's answer; fetch its payload first if it was only named."""
        job_id, attempt, listeners, whole, record = claimed
        assert isinstance(record, bytes)
        if whole == b"whole":
            answer(self._read(function, claimed, number, record))
            return

        def fetched(reply: Reply) -> None:
            if isinstance(reply, bytes):
                answer(self._read(function, claimed, number, reply))
                return
            if isinstance(reply, StoreError):
                self.give_back(function, [(JobId(job_id), attempt)])  # type: ignore[arg-type,list-item]
            answer(None)

        self._bulk.post(
            [b"HGET", self._link.keys.jobs(function.tag), job_id],  # type: ignore[list-item]
            fetched,
            deadline=self._link.deadline(),
        )

    def _read(self, function: Function, claimed: list[Reply], number: int, record: bytes) -> ClaimedJob:
        flags, unique_length, reducer_length, _ = _HEAD.unpack_from(record)
        reducer_at = 7 + unique_length
        payload_at = reducer_at + reducer_length
        identifier: JobId = claimed[0]  # type: ignore[assignment]
        return ClaimedJob(
            function.name,
            identifier,
            self.handle(function, identifier),
            claimed[1],  # type: ignore[arg-type]
            number,
            claimed[2],  # type: ignore[arg-type]
            _PRIORITIES[flags & 3],
            flags >= 4,
            record[7:reducer_at],
            record[reducer_at:payload_at],
            record[payload_at:],
        )

    def _too_late(self, function: Function, reply: Reply) -> None:
        if isinstance(reply, list) and len(reply) > 3:
            self.give_back(function, [(JobId(reply[3]), reply[4])])  # type: ignore[arg-type,list-item]

    def give_back(self, function: Function, runs: list[tuple[JobId, int]]) -> None:
        """Return jobs that were handed to us and that nobody here will run, newest claim first."""
        pairs = [part for run in runs for part in run]
        self._link.owe(
            lambda: self._link.call(REQUEUE, function, Manner.HOUSE.value, -1, *pairs),
            lambda reply: None,
        )
