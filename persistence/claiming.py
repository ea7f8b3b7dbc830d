"""Claims: a job is handed to this broker, and what it was told about that."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias, cast

from persistence.beside import Kept
from persistence.errors import StoreError, StoreUnavailableError
from persistence.functions import Function
from persistence.gathering import some_at_a_time
from persistence.jobs import ClaimedJob, Manner
from persistence.link import Link
from persistence.records import Handle, Incarnation, JobId, handle_of, read_record
from persistence.replies import Command, Reply, expect_bytes, expect_int
from persistence.scripts import CLAIM, REQUEUE, VOID
from persistence.way import Way

LARGE_BYTES: Final = 65_536
MEDIUM_BYTES: Final = 4_096
LARGE_CLAIMS: Final = 32
MEDIUM_CLAIMS: Final = 512
"""So many claims in flight may bring records of that size: 4 MB together. The server cuts a connection that
subscribes when 8 MB of answers pile up; what is larger is only named, and fetched on the other pipe."""

log = logging.getLogger(__name__)

PARTS_OF_A_JOB: Final = 5
"""In the answers of scripts that hand out jobs."""

Looked: TypeAlias = Callable[[int, int], None]
"""What a claim saw: the priorities (bit 2**priority) found empty, and ids left in the queue looked at last."""

ClaimAnswer: TypeAlias = Callable[[ClaimedJob | StoreError | None], None]
"""The job; or none, and asking again is sound, for the queues seen empty are known; or why none could be had."""


Claim: TypeAlias = tuple[Looked, ClaimAnswer, int]
"""Somebody who wants a job, and the bytes up to which its record may come with the answer."""


class Claiming:
    """Hands out jobs of the store to this broker, one run each."""

    def __init__(self, link: Link, bulk: Way, handle_prefix: bytes) -> None:
        self._link = link
        self._bulk = bulk
        self._handle_prefix = handle_prefix
        self._last_number = 0
        self._in_flight = 0
        self._fetching: set[tuple[bytes, JobId, int]] = set()
        self._unwanted: list[tuple[int, Function, JobId, int]] = []
        self.kept = Kept()
        """The large payloads that need not be fetched."""

    def next_number(self) -> int:
        """Number a claim: of two jobs that go back to the head of a queue, the one claimed later goes first."""
        self._last_number += 1
        return self._last_number

    def make_room(self) -> int:
        """Count one more claim in flight; the bytes up to which its record may come with its answer."""
        self._in_flight += 1
        if self._in_flight <= LARGE_CLAIMS:
            return LARGE_BYTES
        return MEDIUM_BYTES if self._in_flight <= MEDIUM_CLAIMS else 0

    def leave_room(self) -> None:
        """A claim was answered, or given up."""
        self._in_flight -= 1

    def handle(self, function: Function, job: JobId) -> Handle:
        """The handle of a job of this function."""
        return handle_of(self._handle_prefix, function.digest, job)

    def claim(self, function: Function, lowest: int, looked: Looked, answer: ClaimAnswer) -> None:
        """Ask for the oldest job of the best priority, `lowest` at worst. Never repeated: one trip, one answer.

        `looked` is called as soon as the reply is read, in stream order with the notices, and not in an outage;
        `answer` is called once, after it, when the payload is there too. A job that arrives after the answer was
        given up goes back to the head of its queue.
        """
        self._link.gathering.claim(function, lowest, (looked, answer, self.make_room()))

    def post_claims(self, function: Function, lowest: int, claims: list[Claim]) -> None:
        """Claims that were gathered: the oldest job for who asked first."""
        number = self._last_number + 1
        self._last_number += len(claims)
        room = min(room for _, _, room in claims)
        spoken_as = self._link.incarnation

        def settled(reply: Reply) -> None:
            self._in_flight -= len(claims)
            if isinstance(reply, list):
                self._claimed(function, claims, number, reply, spoken_as)
                return
            if isinstance(reply, StoreError):
                self._link.complain(reply)
            else:
                self._link.refused(reply, spoken_as)
            for _, answer, _ in claims:
                answer(reply if isinstance(reply, StoreError) else None)

        def too_late(reply: Reply) -> None:
            if isinstance(reply, list):
                for at, job in enumerate(_jobs_in(reply)):
                    self.came_too_late(function, job, number + at)

        self._link.pipe.post(
            self._link.call(CLAIM, function, number, lowest, len(claims), room),
            settled,
            deadline=self._link.deadline(),
            late=too_late,
        )

    def _claimed(
        self, function: Function, claims: list[Claim], number: int, reply: list[Reply], spoken_as: Incarnation
    ) -> None:
        # Of a claim that we made as who we were, what it brought is returned by whoever took us for lost.
        jobs = _jobs_in(reply) if spoken_as == self._link.incarnation else []
        empty, left = expect_int(reply[1]), expect_int(reply[2])
        for at, (looked, answer, _) in enumerate(claims):
            # Each claim that leaves work behind is a wake for somebody: as many as there is work for.
            looked(empty, left - at if left > at else 0)
            if at < len(jobs):
                self.deliver(function, jobs[at], number + at, answer)
            else:
                answer(None)

    def deliver(self, function: Function, claimed: list[Reply], number: int, answer: ClaimAnswer) -> None:
        """Read one claimed job out of a script's answer; fetch first what was only named and is not here."""
        # As the script makes it: to look at each part by itself would cost a third of all that is done here.
        job, attempt, listeners, whole, record = cast("tuple[JobId, int, bytes, bytes, bytes]", claimed)
        handle = handle_of(self._handle_prefix, function.digest, job)
        run = ClaimedJob(function.name, job, handle, attempt, number, listeners, *read_record(record))
        if whole == b"whole":
            answer(run)
            return
        payload = self.kept.take(function, job) if run.beside else None
        if payload is None:
            self._fetch(function, run, answer)
        else:
            answer(run._replace(payload=payload))

    def _fetch(self, function: Function, run: ClaimedJob, answer: ClaimAnswer) -> None:
        keys, name = self._link.keys, (function.name, run.id, run.attempt)
        self._fetching.add(name)

        def fetched(reply: Reply) -> None:
            if name not in self._fetching:
                answer(None)  # we were taken for lost meanwhile: whoever found that returns the job
            elif reply is None:
                self._found_void(function, run, answer)
            else:
                self._fetching.discard(name)
                if isinstance(reply, bytes):
                    answer(run._replace(payload=reply if run.beside else read_record(reply)[-1]))
                    return
                self.let_go(function, run)
                assert isinstance(reply, StoreError)
                answer(reply)

        beside, inside = keys.payload(function.tag, run.id), keys.jobs(function.tag)
        command = [b"GET", beside] if run.beside else [b"HGET", inside, run.id]
        self._bulk.post(command, fetched, deadline=self._link.deadline())

    def _found_void(self, function: Function, run: ClaimedJob, answer: ClaimAnswer) -> None:
        """A payload was not where it is to be. The job may be over; or that was a server that is master no longer."""
        name = (function.name, run.id, run.attempt)

        def told(reply: Reply) -> None:
            if name in self._fetching:
                self._fetching.discard(name)
                if reply == b"there":
                    self.let_go(function, run)
                    answer(StoreUnavailableError("Redis did not have what it has", sent=True))
                    return
                if reply == b"void":
                    log.error(
                        "job %s has failed: Redis has thrown away its payload, as a server does that may evict keys. "
                        "Set its maxmemory-policy to noeviction",
                        run.handle.decode("latin-1"),
                    )
            answer(None)

        self._link.owe(function, lambda: self._link.call(VOID, function, run.id, run.attempt), told)

    def is_fetching(self, function: Function, job: JobId, attempt: int) -> bool:
        """Whether this run was handed to us and its payload is on the way."""
        return (function.name, job, attempt) in self._fetching

    def drop_fetches(self) -> None:
        """What was handed to us is no longer ours: hand none of it on."""
        self._fetching.clear()

    def came_too_late(self, function: Function, claimed: list[Reply], number: int) -> None:
        """One job, as it stands in a script's answer, came when nobody waited for it any more."""
        self._unwanted.append((number, function, JobId(expect_bytes(claimed[0])), expect_int(claimed[1])))

    def let_go(self, function: Function, run: ClaimedJob) -> None:
        """This came, and nobody here will run it: it goes back at the end of the batch, with whatever else does."""
        self._unwanted.append((run.number, function, run.id, run.attempt))

    def return_the_unwanted(self) -> None:
        """Give back what one batch brought in vain: newest claim first, so that the oldest ends up at the head."""
        if not self._unwanted:
            return
        runs: dict[bytes, tuple[Function, list[tuple[JobId, int]]]] = {}
        for _, function, job, attempt in sorted(self._unwanted, key=lambda unwanted: -unwanted[0]):
            runs.setdefault(function.name, (function, []))[1].append((job, attempt))
        self._unwanted.clear()
        for function, unwanted in runs.values():
            self.give_back(function, unwanted)

    def give_back(self, function: Function, runs: list[tuple[JobId, int]]) -> None:
        """Return jobs that were handed to us and that nobody here will run, newest claim first."""
        for some in some_at_a_time(runs):
            self._link.owe(function, partial(self.giving_back, function, some), lambda reply: None)

    def giving_back(self, function: Function, runs: Sequence[tuple[JobId, int]]) -> Command:
        """The command that does so for as many as one script takes."""
        pairs = [part for run in runs for part in run]
        return self._link.call(REQUEUE, function, Manner.HOUSE.value, -1, *pairs)


def _jobs_in(reply: list[Reply]) -> list[list[Reply]]:
    """The jobs in the answer of claim.lua, each as a list of what is said of it."""
    return [reply[at : at + PARTS_OF_A_JOB] for at in range(3, len(reply), PARTS_OF_A_JOB)]
