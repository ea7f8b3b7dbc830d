"""A broker without peers: a real store on a real server, whose verbs can be awaited."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import trio

from persistence import (
    ClaimedJob,
    Counts,
    Function,
    Handle,
    Incarnation,
    JobId,
    JobStatus,
    Manner,
    Order,
    Outcome,
    RedisOptions,
    Store,
    StoreError,
    Submitted,
    open_store,
)
from persistence.beside import Kept
from persistence.durability import Durability
from persistence.gathering import some_at_a_time
from persistence.options import Locator
from persistence.scripts import FENCE, Script
from protocol import Priority
from tests.persistence.pipes import until
from tests.persistence.record import unpack_record
from tests.persistence.store.recording import Recording
from tests.servers import PATIENCE_SECONDS

PREFIX = b"test"
FUNCTION = b"resize"
T = TypeVar("T")


class Place(Protocol):
    """A server, or a cluster."""

    @property
    def port(self) -> int: ...

    @property
    def cluster(self) -> tuple[tuple[str, int], ...]: ...


class Look(NamedTuple):
    """What a claim brought."""

    job: ClaimedJob | StoreError | None
    empty: int = 0
    left: int = 0


class Answer(NamedTuple):
    """What became of a submit."""

    outcome: Submitted | StoreError
    id: JobId
    handed: ClaimedJob | None = None


async def answer_of(ask: Callable[[Callable[[T], None]], None]) -> T:
    """Call something that answers through a callback, and wait for that; it must answer once."""
    answers: list[T] = []
    ask(answers.append)
    return await only(answers)


async def only(answers: list[T]) -> T:
    """Wait for what is put into a list; it must be one thing."""
    await until(lambda: bool(answers))
    (answer,) = answers
    return answer


class Standin:
    """One broker. `run` is its life; `abandon` ends it as kill -9 does."""

    def __init__(
        self,
        server: Place,
        *,
        port: int | None = None,
        prefix: bytes = PREFIX,
        store_timeout_seconds: float = 30.0,
        presence_ttl_seconds: float = 60.0,
        silence_seconds: float = 30.0,
        connect_timeout_seconds: float = PATIENCE_SECONDS,
        username: str | None = None,
        password: str | None = None,
        previous: Incarnation | None = None,
        durability: Durability | None = None,
        inspection_seconds: float = 30.0,
        locator: Locator | None = None,
    ) -> None:
        options = RedisOptions(
            locator=locator,
            port=port or server.port,
            cluster=server.cluster,
            username=username,
            password=password,
            connect_timeout_seconds=connect_timeout_seconds,
            silence_seconds=silence_seconds,
        )
        self.events = Recording()
        self.store = Store(
            options,
            self.events,
            prefix=prefix,
            handle_prefix=b"H:test:",
            store_timeout_seconds=store_timeout_seconds,
            presence_ttl_seconds=presence_ttl_seconds,
            describe=lambda: b'{"workers": {"resize": 2}}',
            durability=durability,
            inspection_seconds=inspection_seconds,
        )
        self._previous = previous
        self._scope = trio.CancelScope()
        self._ended = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        try:
            with self._scope:
                async with open_store(self.store, previous=self._previous):
                    task_status.started()
                    await trio.sleep_forever()
        finally:
            self._ended.set()

    async def abandon(self) -> None:
        """End without a goodbye."""
        self._scope.cancel()
        await self._ended.wait()

    @property
    def name(self) -> Incarnation:
        return self.store.link.incarnation

    def function(self, name: bytes = FUNCTION) -> Function:
        return self.store.function(name)

    def handle(self, job: JobId, function: bytes = FUNCTION) -> Handle:
        return self.store.claiming.handle(self.function(function), job)

    def keep_nothing(self) -> None:
        """Fetch every large payload, as if all had been handed in elsewhere."""
        self.store.claiming.kept = Kept(0)

    def submit_soon(
        self,
        payload: bytes = b"cat.jpg",
        *,
        function: bytes = FUNCTION,
        unique: bytes = b"",
        priority: Priority = Priority.NORMAL,
        background: bool = True,
        run_at: int | None = None,
        handed: bool = False,
    ) -> list[Answer]:
        """Submit without waiting; the answer is put into the list that is returned. It comes once."""
        answers: list[Answer] = []

        def answered(outcome: Submitted | StoreError, job: JobId) -> None:
            assert not answers, "a submit was answered twice"
            answers.append(Answer(outcome, job))
            if not background and isinstance(outcome, Submitted) and outcome is not Submitted.FULL:
                self.events.waiting[function].append(job)

        def handed_out(job: ClaimedJob | None) -> None:
            answers[0] = answers[0]._replace(handed=job)

        self.store.submit(
            self.function(function),
            Order(function, unique, b"", payload, priority, background, run_at),
            answered,
            handed_out if handed else None,
        )
        return answers

    async def submit(
        self,
        payload: bytes = b"cat.jpg",
        *,
        function: bytes = FUNCTION,
        unique: bytes = b"",
        priority: Priority = Priority.NORMAL,
        background: bool = True,
        run_at: int | None = None,
        handed: bool = False,
    ) -> Answer:
        answers = self.submit_soon(
            payload,
            function=function,
            unique=unique,
            priority=priority,
            background=background,
            run_at=run_at,
            handed=handed,
        )
        await until(lambda: bool(answers))
        return answers[0]

    def claim_soon(self, function: bytes = FUNCTION, lowest: int = 2) -> list[Look]:
        """Claim without waiting; what comes is put into the list that is returned. It comes once."""
        looks: list[Look] = []
        seen = [(0, 0)]

        def looked(empty: int, left: int) -> None:
            seen[0] = (empty, left)

        def answered(job: ClaimedJob | StoreError | None) -> None:
            assert not looks, "a claim was answered twice"
            looks.append(Look(job, *seen[0]))
            if isinstance(job, ClaimedJob):
                self.events.runs.add((job.id, job.attempt))

        self.store.claiming.claim(self.function(function), lowest, looked, answered)
        return looks

    async def look(self, function: bytes = FUNCTION, lowest: int = 2) -> Look:
        looks = self.claim_soon(function, lowest)
        await until(lambda: bool(looks))
        return looks[0]

    async def claim(self, function: bytes = FUNCTION, lowest: int = 2) -> ClaimedJob:
        """Claim a job that must be there."""
        look = await self.look(function, lowest)
        assert isinstance(look.job, ClaimedJob)
        return look.job

    def finish_soon(
        self,
        job: ClaimedJob,
        payload: bytes = b"",
        *,
        outcome: Outcome = Outcome.COMPLETED,
        attempt: int | None = None,
        aloud: bool = False,
    ) -> list[bytes]:
        """Finish without waiting; the answer is put into the list that is returned."""
        words: list[bytes] = []
        self.store.ending.finish(
            self.function(job.function),
            job.id,
            attempt or job.attempt,
            outcome,
            payload,
            words.append,
            unique=job.unique,
            beside=job.beside,
            aloud=aloud,
        )
        return words

    async def finish(
        self,
        job: ClaimedJob,
        payload: bytes = b"",
        *,
        outcome: Outcome = Outcome.COMPLETED,
        attempt: int | None = None,
        aloud: bool = False,
    ) -> bytes:
        return await only(self.finish_soon(job, payload, outcome=outcome, attempt=attempt, aloud=aloud))

    def requeue_soon(self, *jobs: ClaimedJob, manner: Manner = Manner.SUSPECT, limit: int = -1) -> list[list[bytes]]:
        """Give back without waiting; the answer is put into the list that is returned."""
        words: list[list[bytes]] = []
        runs = [(job.id, job.attempt) for job in jobs]
        self.store.ending.requeue(self.function(jobs[0].function), runs, manner, limit, words.append)
        return words

    async def requeue(self, *jobs: ClaimedJob, manner: Manner = Manner.SUSPECT, limit: int = -1) -> list[bytes]:
        return await only(self.requeue_soon(*jobs, manner=manner, limit=limit))

    async def detach(self, *jobs: JobId, function: bytes = FUNCTION) -> None:
        for job in jobs:
            self.events.waiting[function].remove(job)
        for some in some_at_a_time(jobs):
            done = trio.Event()
            self.store.ending.detach(self.function(function), some, done.set)
            await done.wait()

    async def fence(self, lost: Incarnation, function: bytes = FUNCTION) -> None:
        """Take another broker for lost, as far as this function goes."""
        await self.store.bulk.ask(*FENCE.call(self.function(function).tag, lost, 100, 86_400))

    async def status(self, handle: bytes) -> JobStatus | StoreError:
        return await answer_of(lambda answer: self.store.asking.status(handle, answer))

    async def status_of_unique(self, unique: bytes) -> JobStatus | StoreError:
        return await answer_of(lambda answer: self.store.asking.status_of_unique(unique, answer))

    async def counts(self, function: bytes = FUNCTION) -> Counts:
        """The figures of a function, after all that this broker has posted."""
        await self.settled()
        (counts,) = await self.store.asking.counts_of([function])
        return counts

    async def settled(self) -> None:
        """Wait until Redis has done all that was posted before."""
        await self.store.pipe.settled(PATIENCE_SECONDS)

    async def run_script(self, script: Script, *arguments: bytes | int, function: bytes = FUNCTION) -> object:
        """A script in this broker's name, on the pipe of the others."""
        command = self.store.link.call(script, self.function(function), *arguments)
        return await self.store.pipe.ask(*command, timeout_seconds=PATIENCE_SECONDS)

    def read_record(self, packed: bytes) -> bytes:
        return unpack_record(packed).payload


def payloads(jobs: Sequence[ClaimedJob]) -> list[bytes]:
    return [job.payload for job in jobs]
