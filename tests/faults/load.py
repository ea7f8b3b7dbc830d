"""Load that goes on while faults happen: clients and workers of several brokers, who connect again as real ones do.

Functions: `LOAD` takes background jobs of every kind, `CALL` those that somebody waits for, `LINE` those that one
client hands in and one worker runs, so that their order can be told, `SHARED` those whose uniques several hand in.
"""

import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from protocol import (
    Error,
    JobAssignUniq,
    JobCreated,
    Priority,
    SubmitJob,
    SubmitJobEpoch,
    WorkComplete,
    WorkFail,
    WorkStatus,
)
from tests.broker.peers import PATIENCE_SECONDS, HungUpError, Peer, open_peer
from tests.faults.ledger import Ledger

LOAD: Final = b"load"
CALL: Final = b"call"
LINE: Final = b"line"
SHARED: Final = b"shared"
FUNCTIONS: Final = (LOAD, CALL, LINE, SHARED)
FAILING: Final = b"failing "
"""What the payload of a job begins with that ends in a failure."""
LARGE = bytes(range(256)) * 280
"""What makes a payload one that is kept beside its record."""
GONE: Final = (HungUpError, trio.BrokenResourceError, trio.ClosedResourceError, OSError)
"""What a peer meets whose broker dies, or that is itself done away with."""
THINK_SECONDS: Final = 0.004
"""What a client does between two jobs, so that the load leaves a processor to those who bear it."""
REFUSED_SECONDS: Final = 0.02
"""How long a client waits that was refused, or whose broker is gone."""

Where = Callable[[], int]
"""The port of a broker that lives, as far as is known."""


@asynccontextmanager
async def _connected(where: Where) -> AsyncIterator[Peer]:
    async with open_peer(("127.0.0.1", where())) as peer:
        yield peer


def rest(number: int) -> bytes:
    """What a payload ends with: now and then so much that it is a large one."""
    return LARGE if number % 7 == 3 else b""


class Load:
    """What clients and workers do, and the ledger of it.

    Attributes:
        submitted: all that was handed in, whatever became of it.
        accepted: how many submits were.
        refused: what those were told that were not.
        called: how many calls were answered with their result.
        failed_calls: how many were told that they failed.
        line: what ran of the line, in this order.
        due: when a delayed job may run, at the earliest (unix seconds).
        workers: each that is connected, and what it ran last.
        ended: set by `end`: no more is submitted.
    """

    def __init__(self, think_seconds: float = THINK_SECONDS, delay_seconds: int = 0, remembers: int = 3) -> None:
        self._remembers = remembers
        self.ledger = Ledger()
        self.calls = Ledger()
        self.shared = Ledger()
        self.submitted: set[bytes] = set()
        self.accepted = 0
        self.refused: Counter[bytes] = Counter()
        self.called = 0
        self.failed_calls = 0
        self.line: list[int] = []
        self.due: dict[bytes, int] = {}
        self.workers: dict[Peer, deque[bytes]] = {}
        self.ended = False
        self._think_seconds = think_seconds
        self._delay_seconds = delay_seconds
        self._in_flight: list[deque[bytes]] = []
        self._changed = trio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is so; it is looked at whenever something has happened."""
        with trio.fail_after(PATIENCE_SECONDS):
            while not condition():
                await self._changed.wait()

    async def goes_on(self, jobs: int = 40) -> None:
        """Wait until so many more jobs were accepted, run and called for."""
        accepted, ran, called = self.accepted, self.ledger.runs.total(), self.called
        await self.until(lambda: self.accepted - accepted >= jobs)
        await self.until(lambda: self.ledger.runs.total() - ran >= jobs and self.called > called)

    async def is_refused(self, word: bytes, times: int = 4) -> None:
        """Wait until so many more submits were refused with this word in what their clients are told."""

        def count() -> int:
            return sum(number for text, number in self.refused.items() if word in text)

        before = count()
        try:
            await self.until(lambda: count() - before >= times)
        except trio.TooSlowError:
            raise AssertionError(f"nobody was told {word!r}, but {self.refused}") from None

    async def pause(self) -> None:
        """A while, before something is looked at again."""
        await trio.sleep(REFUSED_SECONDS)

    def end(self) -> None:
        """Hand in no more."""
        self.ended = True

    async def submit(self, name: bytes, where: Where) -> None:
        """Hand in background jobs of every kind, one after the other."""
        number = 0

        async def one(peer: Peer) -> None:
            nonlocal number
            number += 1  # one whose answer is lost is not repeated: it may have been stored
            payload = (FAILING if number % 11 == 0 else b"") + b"%b %d \0\r\n\xff" % (name, number) + rest(number)
            await self._submit(peer, payload, self._any_kind(number, payload))

        await self._again_and_again(where, one)

    async def queue_up(self, where: Where) -> None:
        """Hand in the jobs of the line."""
        number = 0

        async def one(peer: Peer) -> None:
            nonlocal number
            number += 1
            payload = b"%d" % number
            await self._submit(peer, payload, SubmitJob(LINE, b"", payload, background=True))

        await self._again_and_again(where, one)

    async def call(self, name: bytes, where: Where) -> None:
        """Submit and wait for each result, which must be the right one."""
        number = 0

        async def one(peer: Peer) -> None:
            nonlocal number
            number += 1
            head = b"%b %d" % (name, number)
            payload = head + rest(number)
            self.submitted.add(payload)
            await peer.say(SubmitJob(CALL, head if number % 2 else b"", payload))
            created = await peer.hear()
            if isinstance(created, JobCreated):
                self.calls.accepted(payload, created.handle)
                self.failed_calls += not await self._succeeds(peer, created.handle, payload)
            else:
                await self._is_refused(created)

        await self._again_and_again(where, one)

    async def share(self, where: Where) -> None:
        """Hand in what others hand in as well, at their brokers; every second time wait for its end."""
        number = 0

        async def one(peer: Peer) -> None:
            nonlocal number
            number += 1
            payload, waits = b"shared %d" % (number // 2), number % 2
            await peer.say(SubmitJob(SHARED, payload, payload, background=not waits))
            created = await peer.hear()
            if isinstance(created, JobCreated):
                if not waits:
                    self.shared.joined(payload)
                else:
                    # Who joined a job that was over before the answer to that came, a second time, hears a failure.
                    await self._succeeds(peer, created.handle, payload)
            else:
                await self._is_refused(created)

        await self._again_and_again(where, one)

    async def work(self, where: Where) -> None:
        """Run all but the line. Endless."""
        await self._work(where, {LOAD: self.ledger, CALL: self.calls, SHARED: self.shared})

    async def work_off_the_line(self, where: Where) -> None:
        """Run the line; nobody else does. Endless."""
        await self._work(where, {LINE: self.ledger})

    def in_flight(self) -> set[bytes]:
        """What each worker ran last: if it was lost just now, this runs again."""
        return {payload for recent in self._in_flight for payload in recent}

    def in_flight_at(self, port: int) -> set[bytes]:
        """What the workers that are connected to this broker ran last."""
        return {payload for peer, recent in self.workers.items() if _port_of(peer) == port for payload in recent}

    async def _again_and_again(self, where: Where, one: Callable[[Peer], Awaitable[None]]) -> None:
        while not self.ended:
            try:
                async with _connected(where) as peer:
                    while not self.ended:
                        await one(peer)
                        await trio.sleep(self._think_seconds)
            except GONE:
                await trio.sleep(REFUSED_SECONDS)

    async def submit_one(self, peer: Peer) -> bool:
        """Hand in one job by somebody else's connection; whether it was accepted."""
        payload = b"one more %d" % len(self.submitted)
        return await self._submit(peer, payload, SubmitJob(LOAD, b"", payload, background=True))

    async def _submit(self, peer: Peer, payload: bytes, packet: SubmitJob | SubmitJobEpoch) -> bool:
        self.submitted.add(payload)
        await peer.say(packet)
        created = await peer.hear()
        if isinstance(created, JobCreated):
            self.ledger.accepted(payload, created.handle)
            self.accepted += 1
            self._note()
            return True
        await self._is_refused(created)
        return False

    async def _succeeds(self, peer: Peer, handle: bytes, payload: bytes) -> bool:
        """Hear the end: the right result, or a failure."""
        end = await peer.hear()
        assert isinstance(end, WorkFail) or end == WorkComplete(handle, payload[::-1]), end
        self.called += isinstance(end, WorkComplete)
        self._note()
        return isinstance(end, WorkComplete)

    async def _is_refused(self, answer: object) -> None:
        assert isinstance(answer, Error), answer
        self.refused[answer.text] += 1
        self._note()
        await trio.sleep(REFUSED_SECONDS)

    async def _work(self, where: Where, ledgers: dict[bytes, Ledger]) -> None:
        recent: deque[bytes] = deque(maxlen=self._remembers)
        self._in_flight.append(recent)
        while True:
            try:
                async with _connected(where) as peer:
                    self.workers[peer] = recent
                    await peer.can_do(*ledgers)
                    while True:
                        await self._run(peer, await peer.take(), ledgers, recent)
            except GONE:
                await trio.sleep(REFUSED_SECONDS)
            finally:
                self.workers = {peer: last for peer, last in self.workers.items() if last is not recent}

    async def _run(self, peer: Peer, job: JobAssignUniq, ledgers: dict[bytes, Ledger], recent: deque[bytes]) -> None:
        ledgers[job.function].handed_out(job, job.handle if job.function == SHARED else job.payload)
        assert time.time() >= self.due.get(job.payload, 0), "a delayed job was early"
        if job.function == LINE:
            self.line.append(int(job.payload))
        recent.append(job.handle if job.function == SHARED else job.payload)
        if job.payload.startswith(FAILING):
            await peer.say(WorkStatus(job.handle, b"1", b"3"), WorkFail(job.handle))
        else:
            await peer.say(WorkComplete(job.handle, job.payload[::-1]))
        self._note()

    def _any_kind(self, number: int, payload: bytes) -> SubmitJob | SubmitJobEpoch:
        unique = payload.partition(b" \0")[0] if number % 2 else b""
        if number % 7 == 0:
            run_at = int(time.time()) + self._delay_seconds if self._delay_seconds else 1
            self.due[payload] = run_at
            return SubmitJobEpoch(LOAD, unique, run_at=run_at, payload=payload)
        return SubmitJob(LOAD, unique, payload, priority=list(Priority)[number % 3], background=True)

    def _note(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def _port_of(peer: Peer) -> int | None:
    assert isinstance(peer.stream, trio.SocketStream)
    try:
        return int(peer.stream.socket.getpeername()[1])
    except OSError:
        return None
