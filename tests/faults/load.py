"""Load that goes on while faults happen: clients and workers of several brokers, who connect again as real ones do.

Three functions: `LOAD` takes background jobs of every kind, `CALL` those that somebody waits for, `LINE` those that one
client hands in and one worker runs, so that their order can be told.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from protocol import Error, JobCreated, Priority, SubmitJob, SubmitJobEpoch, WorkComplete, WorkFail
from tests.broker.peers import PATIENCE_SECONDS, HungUpError, Peer, open_peer
from tests.faults.ledger import Ledger

LOAD: Final = b"load"
CALL: Final = b"call"
LINE: Final = b"line"
FUNCTIONS: Final = (LOAD, CALL, LINE)
GONE: Final = (HungUpError, trio.BrokenResourceError, OSError)
"""What a peer meets whose broker dies."""
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


class Load:
    """What clients and workers do, and the ledger of it.

    Attributes:
        submitted: all that was handed in, whatever became of it.
        accepted: how many submits were.
        refused: what those were told that were not.
        called: how many calls were answered with their result.
        failed_calls: how many were told that they failed.
        line: what ran of the line, in this order.
        ended: set by `end`: no more is submitted.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.calls = Ledger()
        self.submitted: set[bytes] = set()
        self.accepted = 0
        self.refused: Counter[bytes] = Counter()
        self.called = 0
        self.failed_calls = 0
        self.line: list[int] = []
        self.ended = False
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
            payload = b"%b %d \0\r\n\xff" % (name, number)
            await self._submit(peer, payload, _any_kind(number, payload))

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
            payload = b"%b %d" % (name, number)
            self.submitted.add(payload)
            await peer.say(SubmitJob(CALL, payload if number % 2 else b"", payload))
            created = await peer.hear()
            if isinstance(created, JobCreated):
                self.calls.accepted(payload, created.handle)
                end = await peer.hear()
                assert isinstance(end, WorkFail) or end == WorkComplete(created.handle, payload[::-1])
                self.called += isinstance(end, WorkComplete)
                self.failed_calls += isinstance(end, WorkFail)
                self._note()
            else:
                await self._is_refused(created)

        await self._again_and_again(where, one)

    async def work(self, where: Where) -> None:
        """Run all but the line. Endless."""
        await self._work(where, {LOAD: self.ledger, CALL: self.calls})

    async def work_off_the_line(self, where: Where) -> None:
        """Run the line; nobody else does. Endless."""
        await self._work(where, {LINE: self.ledger})

    def in_flight(self) -> set[bytes]:
        """What each worker ran last: if it was lost just now, this runs again."""
        return {payload for recent in self._in_flight for payload in recent}

    async def _again_and_again(self, where: Where, one: Callable[[Peer], Awaitable[None]]) -> None:
        while not self.ended:
            try:
                async with _connected(where) as peer:
                    while not self.ended:
                        await one(peer)
                        await trio.sleep(THINK_SECONDS)
            except GONE:
                await trio.sleep(REFUSED_SECONDS)

    async def _submit(self, peer: Peer, payload: bytes, packet: SubmitJob | SubmitJobEpoch) -> None:
        self.submitted.add(payload)
        await peer.say(packet)
        created = await peer.hear()
        if isinstance(created, JobCreated):
            self.ledger.accepted(payload, created.handle)
            self.accepted += 1
            self._note()
        else:
            await self._is_refused(created)

    async def _is_refused(self, answer: object) -> None:
        assert isinstance(answer, Error), answer
        self.refused[answer.text] += 1
        self._note()
        await trio.sleep(REFUSED_SECONDS)

    async def _work(self, where: Where, ledgers: dict[bytes, Ledger]) -> None:
        recent: deque[bytes] = deque(maxlen=3)
        self._in_flight.append(recent)
        while True:
            try:
                async with _connected(where) as peer:
                    await peer.can_do(*ledgers)
                    while True:
                        job = await peer.take()
                        ledgers[job.function].handed_out(job)
                        if job.function == LINE:
                            self.line.append(int(job.payload))
                        recent.append(job.payload)
                        await peer.say(WorkComplete(job.handle, job.payload[::-1]))
                        self._note()
            except GONE:
                await trio.sleep(REFUSED_SECONDS)

    def _note(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def _any_kind(number: int, payload: bytes) -> SubmitJob | SubmitJobEpoch:
    unique = payload[:-5] if number % 2 else b""
    if number % 7 == 0:
        return SubmitJobEpoch(LOAD, unique, run_at=1, payload=payload)
    return SubmitJob(LOAD, unique, payload, priority=list(Priority)[number % 3], background=True)
