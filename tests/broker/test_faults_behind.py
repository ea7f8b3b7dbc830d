"""Peers that are far ahead of the store: what becomes of them while the broker does not read from them."""

import socket
import struct
from collections.abc import Callable

import trio
import trio.testing

from broker.listening import attend_to
from broker.session import MAX_PROMISED, Session
from protocol import EchoReq, EchoRes, JobCreated, SubmitJob
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running
from tests.broker.stream_transport import StreamTransport
from tests.faults.proxy import Pass, Proxy, Wire, open_proxy
from tests.servers import RedisServer

SUBMIT = SubmitJob(b"f", b"", b"", background=True)
SUBMITS = 2 * MAX_PROMISED
FEW_ANSWERS = 4096
"""Bytes: those to some hundred submits."""


class Dam(Proxy):
    """A wire to the store that lets pass, once it is closed, only few of the answers, and the rest when told."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.closed = False
        self.few = trio.Event()
        self.rest = trio.Event()

    async def answer(self, wire: Wire, data: bytes, on: Pass) -> None:
        """The store said this."""
        if self.closed:
            await self.few.wait()
            await on(data[:FEW_ANSWERS])
            await self.rest.wait()
            data = data[FEW_ANSWERS:]
        if data:
            await on(data)


def submits(peer: Peer) -> bytes:
    return peer.encoded(SUBMIT) * SUBMITS


async def answered_no_more(one: Running, peer: Peer, dam: Dam) -> Session:
    """From now on the store does not answer; the session of this only peer."""
    await peer.submit_background(b"f")  # the function is known now, and all that is asked on its account answered
    await one.settled()
    dam.closed = True
    (session,) = one.broker.sessions
    return session


async def far_ahead(one: Running, peer: Peer, said: bytes, dam: Dam) -> None:
    """Say this while the store does not answer, until the broker reads no more of it."""
    session = await answered_no_more(one, peer, dam)
    await peer.say_bytes(said)
    await until(lambda: not session.wants_more())


async def until(condition: Callable[[], bool]) -> None:
    """Wait without a trip to the store."""
    with trio.fail_after(PATIENCE_SECONDS):
        while not condition():
            await trio.lowlevel.checkpoint()


def reset(peer: Peer) -> None:
    """Hang up as a process does that is killed with data unread."""
    assert isinstance(peer.stream, trio.SocketStream)
    peer.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.stream.socket.close()


async def test_a_peer_that_is_gone_while_it_is_far_ahead_is_noticed(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with (
        open_proxy(Dam(shared_server.port)) as dam,
        open_one(redis=f"redis://127.0.0.1:{dam.port}", store_timeout=PATIENCE_SECONDS) as one,
    ):
        peer = await one.peer()
        await far_ahead(one, peer, submits(peer), dam)
        reset(peer)
        dam.few.set()
        await until(lambda: not one.broker.sessions)
        dam.rest.set()


async def test_a_packet_that_was_begun_is_not_held_against_a_peer_that_we_do_not_read_from(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with (
        open_proxy(Dam(shared_server.port)) as dam,
        open_one(redis=f"redis://127.0.0.1:{dam.port}", store_timeout=PATIENCE_SECONDS, packet_timeout=1.0) as one,
    ):
        peer = await one.peer()
        submit = peer.encoded(SUBMIT)
        session = await answered_no_more(one, peer, dam)
        await peer.say_bytes(submit * MAX_PROMISED)
        await until(lambda: len(one.broker.store.function(b"f").unanswered) == MAX_PROMISED)
        await peer.say_bytes(submit + submit[:-2])  # what is read at once: one too many, and the beginning of another
        await until(lambda: not session.wants_more())
        await peer.say_bytes(submit[-2:-1])  # is not read, so it is not the peer that is waited for
        # What is begun later, of which as much is here, runs out of time later: then the time of that packet is over.
        later, bystander = await one.peer(), await one.peer()
        await later.say_bytes(submit[:-1])
        assert await later.is_hung_up_on() == []
        dam.few.set()
        await peer.expect(JobCreated)
        assert await bystander.ask(EchoReq(b"")) == EchoRes(b"")  # meanwhile the peer is read from again
        await peer.say_bytes(submit[-1:])
        dam.rest.set()
        for _ in range(MAX_PROMISED + 1):
            await peer.expect(JobCreated)


async def test_a_peer_that_says_all_before_it_reads_is_read_from_again_when_it_was_answered(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with (
        open_proxy(Dam(shared_server.port)) as dam,
        open_one(redis=f"redis://127.0.0.1:{dam.port}", store_timeout=PATIENCE_SECONDS) as one,
        trio.open_nursery() as nursery,
    ):
        # Of what is said to this peer nothing leaves before it reads, and of what it says nothing before it is read.
        ours, theirs = trio.testing.lockstep_stream_pair()
        nursery.start_soon(attend_to, one.broker, StreamTransport(theirs, "lockstep"))
        peer = Peer(ours)
        session = await answered_no_more(one, peer, dam)
        async with trio.open_nursery() as saying:
            saying.start_soon(peer.say_bytes, submits(peer))
            await until(lambda: not session.wants_more())
            dam.few.set()
            await until(lambda: session.waiting_bytes > 0)
            dam.rest.set()
        for _ in range(SUBMITS):
            await peer.expect(JobCreated)
        await peer.leave()
