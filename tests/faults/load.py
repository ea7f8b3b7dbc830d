"""Load that goes on while faults happen: clients and workers of several brokers, who connect again as real ones do."""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from protocol import JobCreated, Priority, SubmitJob, SubmitJobEpoch, WorkComplete, WorkFail
from tests.broker.peers import HungUpError, Peer, open_peer
from tests.faults.ledger import Ledger

FUNCTION: Final = b"load"
JOBS_PER_CLIENT: Final = 60
GONE: Final = (HungUpError, trio.BrokenResourceError, OSError)
"""What a peer meets whose broker dies."""

Where = Callable[[], int]
"""The port of a broker that lives, as far as is known."""


@asynccontextmanager
async def _connected(where: Where) -> AsyncIterator[Peer]:
    async with open_peer(("127.0.0.1", where())) as peer:
        yield peer


class Load:
    """What clients and workers do, and the ledger of it.

    Attributes:
        answered: submits that were accepted, refused, or lost with their broker.
        in_flight: of each worker, what it ran last; a fault may make these run again.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.answered = 0
        self.calls = 0
        self.in_flight: list[deque[bytes]] = []

    async def submit(self, name: bytes, where: Where) -> None:
        """Hand in background jobs of every kind, one after the other."""
        number = 0
        while number < JOBS_PER_CLIENT:
            try:
                async with _connected(where) as peer:
                    while number < JOBS_PER_CLIENT:
                        payload = b"%b %d \0\r\n\xff" % (name, number)
                        number += 1  # one whose answer is lost is not repeated: it may have been stored
                        self.answered += 1
                        await peer.say(_submit(number, payload))
                        if isinstance(created := await peer.hear(), JobCreated):
                            self.ledger.accepted(payload, created.handle)
            except GONE:
                await trio.lowlevel.checkpoint()

    async def call(self, name: bytes, where: Where) -> None:
        """Submit and wait for each result, which must be the right one."""
        for number in range(JOBS_PER_CLIENT // 2):
            payload = b"%b %d" % (name, number)
            try:
                async with _connected(where) as peer:
                    await peer.say(SubmitJob(FUNCTION, b"", payload))
                    if isinstance(await peer.hear(), JobCreated):
                        end = await peer.hear()
                        if isinstance(end, WorkComplete):
                            assert end.payload == payload[::-1]
                            self.calls += 1
                        else:
                            assert isinstance(end, WorkFail)
            except GONE:
                await trio.lowlevel.checkpoint()

    async def work(self, where: Where) -> None:
        """Run jobs. Endless."""
        recent: deque[bytes] = deque(maxlen=3)
        self.in_flight.append(recent)
        while True:
            try:
                async with _connected(where) as peer:
                    await peer.can_do(FUNCTION)
                    while True:
                        job = await peer.take()
                        self.ledger.handed_out(job)
                        recent.append(job.payload)
                        await peer.say(WorkComplete(job.handle, job.payload[::-1]))
            except GONE:
                await trio.lowlevel.checkpoint()

    def may_run_twice(self) -> set[bytes]:
        """What is in flight now."""
        return {payload for recent in self.in_flight for payload in recent}


def _submit(number: int, payload: bytes) -> SubmitJob | SubmitJobEpoch:
    unique = payload[:-5] if number % 2 else b""
    if number % 7 == 0:
        return SubmitJobEpoch(FUNCTION, unique, run_at=1, payload=payload)
    return SubmitJob(FUNCTION, unique, payload, priority=list(Priority)[number % 3], background=True)
