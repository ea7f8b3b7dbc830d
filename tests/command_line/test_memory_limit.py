"""A broker that may take no more memory: whoever sends more than fits is hung up on, and nobody else notices."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from protocol import EchoReq, EchoRes, GrabJobAll, NoJob
from tests.broker.peers import open_peer
from tests.processes import BrokerProcess

TOO_LONG = b"x" * (60 * 1024 * 1024)
LITTLE = 24 * 1024 * 1024
ENOUGH_TO_READ_IT = 90 * 1024 * 1024
"""But not to take it out of what was read."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets limits of another process")


def taken_bytes(pid: int) -> int:
    """The size of a process's memory, as RLIMIT_AS counts it."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


@contextmanager
def no_more_than(more_bytes: int, pid: int) -> Iterator[None]:
    """In the block a process cannot take more beyond what it has."""
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (taken_bytes(pid) + more_bytes, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_AS, before)


async def test_who_sends_more_than_there_is_memory_for_is_hung_up_on_and_others_are_not(broker: BrokerProcess) -> None:
    broker.start()
    address = (broker.host, broker.port)
    async with open_peer(address) as served:
        assert await served.ask(EchoReq(b"before")) == EchoRes(b"before")
        with no_more_than(LITTLE, broker.pid):
            async with open_peer(address) as greedy:
                await greedy.repeat_until_cut_off(greedy.encoded(EchoReq(TOO_LONG)))
            assert await served.ask(EchoReq(b"meanwhile")) == EchoRes(b"meanwhile")
        async with open_peer(address) as greedy:
            assert await greedy.ask(EchoReq(TOO_LONG)) == EchoRes(TOO_LONG)
        assert await served.ask(EchoReq(b"after")) == EchoRes(b"after")
    assert "Cannot allocate memory); give the broker more memory" in broker.output()
    assert "defect" not in broker.output()


@pytest.mark.parametrize("more_bytes", [LITTLE, ENOUGH_TO_READ_IT])
async def test_a_job_that_there_is_no_memory_for_is_handed_out_when_there_is(
    more_bytes: int, broker: BrokerProcess
) -> None:
    broker.start()
    address = (broker.host, broker.port)
    async with open_peer(address) as client:
        await client.submit_background(b"f", TOO_LONG)
    await trio.to_thread.run_sync(broker.terminate)  # or it would have it still
    await trio.to_thread.run_sync(broker.start)
    async with open_peer(address) as worker:
        await worker.can_do(b"f")
        with no_more_than(more_bytes, broker.pid):
            assert await worker.ask(GrabJobAll()) == NoJob()
            assert await worker.ask(EchoReq(b"meanwhile")) == EchoRes(b"meanwhile")
        assert (await worker.take()).payload == TOO_LONG
    assert "no memory for what it says" in broker.output()
    assert "defect" not in broker.output()
