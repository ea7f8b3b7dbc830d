"""A client that asks now and then does not wait behind those who flood the broker."""

import trio

from protocol import JobCreated, SubmitJob
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running

FLOODS = 6
JOBS = 2_000
"""Of each flood: half a megabyte, far more than what is read of it in a turn."""

A_FEW_TURNS = 300
"""So many of its jobs at most: a turn beside others is 17, a look of all floods by themselves 200."""


class Flood:
    """A peer that has submitted much in one go, and hears what is said of it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.accepted = 0

    async def submit(self) -> None:
        """Say all of it, as fast as it is taken."""
        job = self._peer.encoded(SubmitJob(b"flooded", b"", b"x" * 200, background=True))
        await self._peer.say_bytes(job * JOBS)

    async def listen(self) -> None:
        """Count the answers, to the last."""
        while self.accepted < JOBS:
            await self._peer.expect(JobCreated)
            self.accepted += 1


async def lone_submits(one: Running, floods: list[Flood]) -> list[int]:
    """How many jobs of the floods were accepted while each of a lone client's was."""
    lone = await one.peer()
    passed = []
    for number in range(20):
        before = sum(flood.accepted for flood in floods)
        await lone.submit_background(b"lone", b"x", b"%d" % number)
        passed.append(sum(flood.accepted for flood in floods) - before)
    return passed


async def test_a_lone_client_waits_for_a_few_turns_of_a_flood_not_for_its_queue(open_one: OpenRunning) -> None:
    async with open_one(store_timeout=PATIENCE_SECONDS) as one:  # it is about who comes first, however slowly
        floods = [Flood(await one.peer()) for _ in range(FLOODS)]
        async with trio.open_nursery() as nursery:
            for flood in floods:
                nursery.start_soon(flood.submit)
                nursery.start_soon(flood.listen)
            await one.until(lambda: all(flood.accepted for flood in floods))
            passed = await lone_submits(one, floods)
            assert sum(flood.accepted for flood in floods) < FLOODS * JOBS, "the flood is over"
    # The first find the queue that was there when nobody else asked.
    assert max(passed[5:]) < A_FEW_TURNS
