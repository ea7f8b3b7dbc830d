"""No room for another connection: accepting pauses, and who waits is served when there is room."""

import logging
import os
import resource
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import trio

from broker.listening import PAUSE_SECONDS, TOGETHER
from protocol import EchoReq, EchoRes
from tests.broker.peers import PATIENCE_SECONDS, open_peer
from tests.broker.running import OpenRunning, Running

ECHOES = 300
STEPS_OF_A_TRY = 4
"""At most: it wakes up, sees that somebody waits, is refused, pauses. Without a pause: one for each echo."""


CROWD = 300
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


class Steps(trio.abc.Instrument):
    """Counts how often the task that accepts has its turn."""

    def __init__(self) -> None:
        self.taken = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """One turn of some task."""
        self.taken += task.name.endswith(".accept")


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    """This process can open no more descriptors than it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Closed ones leave gaps below the highest that is open.
    fillers = [os.open(os.devnull, os.O_RDONLY) for _ in range(_highest())]
    resource.setrlimit(resource.RLIMIT_NOFILE, (_highest(), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)


def _highest() -> int:
    """The next descriptor that is free if none below is: the one with which this looks."""
    return max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())


async def test_without_descriptors_accepting_pauses_and_goes_on_when_there_are_some(
    one: Running, caplog: pytest.LogCaptureFixture
) -> None:
    served = await one.peer()
    assert await served.ask(EchoReq(b"")) == EchoRes(b"")
    waiting = trio.socket.socket()
    steps = Steps()
    with waiting, caplog.at_level(logging.ERROR), no_descriptors_left():
        await waiting.connect(one.address)
        await waiting.send(served.encoded(EchoReq(b"at last")))
        await one.until(lambda: "no room for another connection" in caplog.text)
        began = trio.current_time()
        trio.lowlevel.add_instrument(steps)
        for number in range(ECHOES):
            assert await served.ask(EchoReq(b"%d" % number)) == EchoRes(b"%d" % number)
        trio.lowlevel.remove_instrument(steps)
        pauses = 1 + (trio.current_time() - began) / PAUSE_SECONDS
        resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)[1:] * 2)
        with trio.fail_after(PATIENCE_SECONDS):
            assert (await waiting.recv(100)).endswith(b"at last")
    assert steps.taken <= STEPS_OF_A_TRY * pauses
    assert caplog.text.count("no room for another connection") == 1


async def test_a_dead_peer_is_noticed_as_the_operator_wants_it(open_one: OpenRunning) -> None:
    async with open_one(keepalive=True, keepalive_idle=7, keepalive_interval=3, keepalive_count=2) as one:
        peer = await one.peer()
        assert await peer.ask(EchoReq(b"")) == EchoRes(b"")
        (session,) = one.broker.sessions
        with socket.socket(fileno=os.dup(session.transport.number)) as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            assert [accepted.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [7, 3, 2]


@pytest.mark.skipif(
    not SOMAXCONN.exists() or int(SOMAXCONN.read_text()) < CROWD, reason="the system lets fewer wait (somaxconn)"
)
async def test_a_crowd_that_comes_at_once_is_let_in_at_once_and_several_in_a_turn(one: Running) -> None:
    steps, question = Steps(), (await one.peer()).encoded(EchoReq(b"crowd"))
    with ExitStack() as sockets:
        crowd = [sockets.enter_context(socket.socket()) for _ in range(CROWD)]
        for sock in crowd:
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.connect(one.address)
        # The broker has not had its turn yet. Whoever is not let in now tries again in a second, by the rules of TCP.
        _, connected, _ = select.select([], crowd, [], 0)
        assert len(connected) == CROWD
        trio.lowlevel.add_instrument(steps)
        for sock in crowd:
            sock.send(question)
        with trio.fail_after(PATIENCE_SECONDS):
            for sock in crowd:
                await trio.lowlevel.wait_readable(sock)
                assert sock.recv(100).endswith(b"crowd")
        trio.lowlevel.remove_instrument(steps)
    assert steps.taken <= CROWD / TOGETHER + 1


async def test_of_a_crowd_no_more_are_served_than_may_be(
    open_one: OpenRunning, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_one(max_connections=2 * TOGETHER - 1) as one:
        peers = [await one.peer() for _ in range(3 * TOGETHER)]
        served, others = peers[: 2 * TOGETHER - 1], peers[2 * TOGETHER - 1 :]
        for peer in served:
            assert await peer.ask(EchoReq(b"x")) == EchoRes(b"x")
        assert len(one.broker.sessions) == len(served)
        assert caplog.text.count("--max-connections") == 1
        for peer, other in zip(served, others, strict=False):
            await peer.say_no_more()
            assert await peer.is_hung_up_on() == []
            assert await other.ask(EchoReq(b"y")) == EchoRes(b"y")


async def test_a_place_is_free_for_whoever_comes_at_whichever_address(open_one: OpenRunning) -> None:
    async with open_one(listen=("127.0.0.1", "127.0.0.2"), max_connections=1) as one:
        here, there = one.broker.addresses
        for address in (there, here, here, there, there):
            async with open_peer(address) as peer:
                assert await peer.ask(EchoReq(b"x")) == EchoRes(b"x")


async def test_unless_told_otherwise_only_this_machine_can_connect(one: Running) -> None:
    assert {host for host, _ in one.broker.addresses} == {"127.0.0.1"}
