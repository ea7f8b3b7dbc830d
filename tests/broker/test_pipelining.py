"""Thousands of requests in one write, from several clients at once: each answer stands at its request's place."""

from collections.abc import Iterator

import pytest
import trio

from protocol import (
    EchoReq,
    EchoRes,
    Error,
    GetStatus,
    GetStatusUnique,
    JobCreated,
    OptionReq,
    Packet,
    StatusRes,
    StatusResUnique,
    SubmitJob,
    SubmitJobEpoch,
    SubmitJobSched,
)
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning

ROUNDS = 1000


def requests(client: bytes) -> Iterator[Packet]:
    """Six thousand requests; some are answered at once, some by the store, one by asking it twice."""
    for number in range(ROUNDS):
        unique = b"%b-%d" % (client, number)
        yield SubmitJob(b"f-" + client, unique, b"x", background=True)
        yield EchoReq(unique)
        yield GetStatusUnique(unique)
        yield OptionReq(b"no such") if number % 2 else SubmitJobSched(b"f", b"", b"99", b"", b"", b"", b"", b"x")
        yield (
            SubmitJobSched(b"g", unique, b"", b"", b"29", b"2", b"", b"x")
            if number % 50 == 0
            else SubmitJobEpoch(b"g", unique, 4_000_000_000, b"x")
        )
        yield GetStatus(unique)


async def check(peer: Peer, client: bytes) -> None:
    """Hear all answers, in their order."""
    handles = set()
    for number in range(ROUNDS):
        unique = b"%b-%d" % (client, number)
        handles.add((await peer.expect(JobCreated)).handle)
        assert await peer.hear() == EchoRes(unique)
        assert await peer.hear() == StatusResUnique(unique, True, False, 0, 0, 0)
        refusal = await peer.expect(Error)
        assert refusal.code == (b"UNKNOWN_OPTION" if number % 2 else b"INVALID_ARGUMENTS")
        handles.add((await peer.expect(JobCreated)).handle)
        assert await peer.hear() == StatusRes(unique, False, False, 0, 0)
    assert len(handles) == 2 * ROUNDS


@pytest.mark.parametrize("brokers", [1, 2])
async def test_two_clients_that_pipeline_thousands_of_requests_are_answered_in_order(
    open_one: OpenRunning, brokers: int
) -> None:
    async with open_one() as here, open_one() as there:
        names = {b"anna": here, b"bert": here if brokers == 1 else there}
        async with trio.open_nursery() as nursery:
            for name, one in names.items():
                peer = await one.peer()
                nursery.start_soon(peer.say_bytes, peer.encoded(*requests(name)))
                nursery.start_soon(check, peer, name)
