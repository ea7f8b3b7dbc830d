"""Runs on their way and at their end: progress, what is said meanwhile, results, and jobs given back."""

from collections.abc import Callable, Sequence

from persistence.functions import Function
from persistence.jobs import Manner, Outcome
from persistence.link import Link
from persistence.records import JobId
from persistence.replies import Command, Reply, expect_bytes
from persistence.scripts import DETACH, FINISH, POST, PROGRESS, REQUEUE


class Ending:
    """Tells the store what became of the runs here. Everything but progress is owed: repeated until it happened."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._pieces = 0

    def finish(
        self,
        function: Function,
        job: JobId,
        attempt: int,
        outcome: Outcome,
        payload: bytes,
        answer: Callable[[bytes], None],
        *,
        aloud: bool = False,
    ) -> None:
        """A run ended with a result. The answer: b"finished", b"gone" or b"superseded" (it did not count).

        The payload travels only if somebody at another broker listens: `aloud` says that this is known.
        """
        if aloud:
            self._finish_aloud(function, job, attempt, outcome, payload, answer)
            return

        def heard(reply: Reply) -> None:
            if reply == b"heard":
                self._finish_aloud(function, job, attempt, outcome, payload, answer)
            else:
                answer(expect_bytes(reply))

        self._link.owe(
            function,
            lambda: self._link.call(FINISH, function, job, attempt, outcome.value, b"", b""),
            heard,
        )

    def _finish_aloud(
        self,
        function: Function,
        job: JobId,
        attempt: int,
        outcome: Outcome,
        payload: bytes,
        answer: Callable[[bytes], None],
    ) -> None:
        self._link.owe(
            function,
            lambda: self._link.call(FINISH, function, job, attempt, outcome.value, payload, b"1"),
            lambda reply: answer(expect_bytes(reply)),
        )

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
        for it any more), b"gone". `limit` is the most attempts a job has; below 0 for no end.
        """
        pairs = [part for run in runs for part in run]
        self._link.owe(
            function,
            lambda: self._link.call(REQUEUE, function, manner.value, limit, *pairs),
            lambda reply: answer([expect_bytes(word) for word in reply[1:]] if isinstance(reply, list) else []),
        )

    def progress(self, function: Function, job: JobId, attempt: int, numerator: int, denominator: int) -> None:
        """Note how far a run has come. Repeated after a broken connection, in order, as all that may be repeated."""

        def build() -> Command:
            return self._link.call(PROGRESS, function, job, attempt, numerator, denominator)

        self._link.pipe.post(build(), lambda reply: None, again=build)

    def post(self, function: Function, job: JobId, attempt: int, kind: bytes, payload: bytes) -> None:
        """Let the brokers elsewhere at which clients wait hear b"data", b"warning" or b"status" of a run."""
        self._pieces += 1
        piece = self._pieces
        self._link.owe(
            function,
            lambda: self._link.call(POST, function, job, attempt, piece, kind, payload),
            lambda reply: None,
        )

    def detach(self, function: Function, jobs: Sequence[JobId], done: Callable[[], None]) -> None:
        """Nobody waits here any more for these jobs. `done` is called when Redis knows.

        A submit that joined one of them and is answered before `done` is called joined it before Redis knew, so the
        job may be gone by now.
        """
        self._link.owe(function, lambda: self._link.call(DETACH, function, *jobs), lambda reply: done())
