"""Runs on their way and at their end: progress, what is said meanwhile, results, and jobs given back."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import trio

from persistence.arrears import OVERHEAD_BYTES
from persistence.functions import Function
from persistence.gathering import some_at_a_time
from persistence.jobs import Manner, Outcome
from persistence.link import Link
from persistence.records import JobId
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.scripts import DETACH, FINISH, POST, PROGRESS, REQUEUE


class End(NamedTuple):
    """A run that ended with a result; see Ending.finish. A named tuple, because one is made for every job there is."""

    job: JobId
    attempt: int
    outcome: Outcome
    unique: bytes
    beside: bool
    payload: bytes
    aloud: bool
    answer: Callable[[bytes], None]

    def parts(self) -> tuple[bytes | int, ...]:
        """As finish.lua is told."""
        job, attempt, outcome, unique, beside, payload, aloud, _ = self
        if aloud:
            return (job, attempt, outcome, unique, payload, b"1b" if beside else b"1")
        return (job, attempt, outcome, unique, b"", b"b" if beside else b"")


class Ending:
    """Tells the store what became of the runs here. Everything but progress is owed: repeated until it happened."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._pieces = 0
        self._owed: set[tuple[bytes, JobId, int]] = set()
        self._written: trio.Event | None = None

    def finish(  # noqa: PLR0913 - by name at the call, what there is to say of an end
        self,
        function: Function,
        job: JobId,
        attempt: int,
        outcome: Outcome,
        payload: bytes,
        answer: Callable[[bytes], None],
        *,
        unique: bytes,
        beside: bool,
        aloud: bool = False,
    ) -> None:
        """A run ended with a result. The answer: b"finished", b"gone" or b"superseded" (it did not count).

        When the answer was lost with a connection, what is gone by then is taken to have been finished by this.

        `unique` and `beside` are the job's. The payload travels only if somebody at another broker listens: `aloud`
        says that this is known.
        """
        self._owed.add((function.name, job, attempt))
        self._link.gathering.end(function, End(job, attempt, outcome, unique, beside, payload, aloud, answer))

    def is_owed(self, function: Function, job: JobId, attempt: int) -> bool:
        """Whether the end of this run is on its way, so that the store may believe that it goes on."""
        return (function.name, job, attempt) in self._owed

    @property
    def owes(self) -> int:
        """How many runs have ended of which the store does not know it yet."""
        return len(self._owed)

    async def wait_written(self) -> None:
        """Wait until the store knows of every run that has ended."""
        while self._owed:
            if self._written is None:
                self._written = trio.Event()
            await self._written.wait()

    def _note_whether_written(self) -> None:
        if self._written is not None and not self._owed:
            self._written.set()
            self._written = None

    def post_ends(self, function: Function, ends: list[End]) -> None:
        """Ends that were gathered."""
        tries = 0

        def build() -> Command:
            nonlocal tries
            tries += 1
            parts: list[bytes | int] = []
            for end in ends:
                parts += end.parts()
            return self._link.call(FINISH, function, *parts)

        def told(reply: Reply) -> None:
            for end, word in zip(ends, expect_list(reply)[1:], strict=True):
                if word == b"heard":
                    self._link.gathering.end(function, end._replace(aloud=True))
                    continue
                self._owed.discard((function.name, end.job, end.attempt))
                if word == b"gone" and tries > 1:
                    # Who waits here must not hear that the job failed because nobody knows how it ended.
                    end.answer(b"finished")
                else:
                    end.answer(expect_bytes(word))
            self._note_whether_written()

        length = sum(len(end.payload) + OVERHEAD_BYTES for end in ends)
        self._link.owe_gathered(function, build, told, self._link.pipe_of(function), length)

    def requeue(
        self,
        function: Function,
        runs: Sequence[tuple[JobId, int]],
        manner: Manner,
        limit: int,
        answer: Callable[[list[bytes]], None],
    ) -> None:
        """Runs (id, attempt), newest claim first, ended without a result.

        One word per run is answered: b"requeued", b"dead" (its attempts are used up), b"dropped" (nobody waited
        for it any more), b"gone". `limit` is the most attempts a job has; below 0 for no end. Of more than MOST, who
        claims elsewhere may come between one script and the next.
        """
        owed = {(function.name, *run) for run in runs}
        self._owed |= owed
        pieces = some_at_a_time(runs)
        words: dict[int, list[bytes]] = {}  # those of one script may come after those of the next

        def give_back(at: int, some: Sequence[tuple[JobId, int]]) -> None:
            pairs = [part for run in some for part in run]

            def told(reply: Reply) -> None:
                words[at] = [expect_bytes(word) for word in expect_list(reply)[1:]]
                if len(words) == len(pieces):
                    self._owed -= owed
                    self._note_whether_written()
                    answer([word for at in range(len(pieces)) for word in words[at]])

            self._link.owe(function, lambda: self._link.call(REQUEUE, function, manner.value, limit, *pairs), told)

        for at, some in enumerate(pieces):
            give_back(at, some)

    def progress(self, function: Function, job: JobId, attempt: int, numerator: int, denominator: int) -> None:
        """Note how far a run has come. Repeated after a broken connection, in order, as all that may be repeated."""

        def build() -> Command:
            return self._link.call(PROGRESS, function, job, attempt, numerator, denominator)

        self._link.pipe_of(function).post(build(), lambda reply: None, again=build)

    def post(self, function: Function, job: JobId, attempt: int, kind: bytes, payload: bytes) -> None:
        """Let the brokers elsewhere at which clients wait hear b"data", b"warning" or b"status" of a run."""
        self._pieces += 1
        piece = self._pieces
        self._link.owe(
            function,
            lambda: self._link.call(POST, function, job, attempt, piece, kind, payload),
            lambda reply: None,
            length=len(payload),
        )

    def detach(self, function: Function, jobs: Sequence[JobId], done: Callable[[], None]) -> None:
        """Nobody waits here any more for these jobs, at most MOST of them. `done` is called when Redis knows.

        A submit that joined one of them and is answered before `done` is called joined it before Redis knew, so the
        job may be gone by now.
        """
        self._link.owe(function, partial(self._link.call, DETACH, function, *jobs), lambda reply: done())
