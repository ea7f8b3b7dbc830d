"""Peers that are far ahead of the store: what becomes of them while the broker does not read from them."""

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from broker.listening import attend_to
from broker.session import MAX_PROMISED, Session
from protocol import EchoReq, EchoRes, GetStatus, JobCreated, StatusRes, SubmitJob, WorkData
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running
from tests.broker.stream_transport import StreamTransport
from tests.faults.proxy import Pass, Proxy, Wire, open_proxy
from tests.servers import RedisServer

SUBMIT = SubmitJob(b"f", b"", b"", background=True)
SUBMITS = 2 * MAX_PROMISED
FEW_ANSWERS = 4096
"""Bytes: those to some hundred submits."""
LIMIT = 65_536


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


@asynccontextmanager
async def dammed(open_one: OpenRunning, server: RedisServer) -> AsyncIterator[tuple[Running, Dam]]:
    """A broker that keeps little for a peer, behind a dam."""
    async with (
        open_proxy(Dam(server.port)) as dam,
        open_one(redis=f"redis://127.0.0.1:{dam.port}", store_timeout=PATIENCE_SECONDS, outbox_limit=LIMIT) as one,
    ):
        yield one, dam


async def waits_for_the_store(one: Running, client: Peer, handle: bytes, dam: Dam) -> Session:
    """A client of this job has asked what the store does not answer, and something else behind it; its session."""
    await one.settled()
    dam.closed = True
    await client.say(GetStatus(handle), EchoReq(b"behind"))
    (session,) = one.broker.audience.listeners(handle)
    await until(lambda: session.waiting_bytes > 0)
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


async def test_whose_answers_wait_for_the_store_is_not_read_from_and_gets_them_all(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with (
        open_proxy(Dam(shared_server.port)) as dam,
        open_one(redis=f"redis://127.0.0.1:{dam.port}", store_timeout=PATIENCE_SECONDS, outbox_limit=LIMIT) as one,
        trio.open_nursery() as nursery,
    ):
        peer = await one.peer()
        await peer.submit_background(b"f")
        await one.settled()
        dam.closed = True
        echoes = [EchoReq(b"%05000d" % number) for number in range(10 * LIMIT // 5_000)]
        (session,) = one.broker.sessions
        nursery.start_soon(peer.say, SubmitJob(b"f", b"", b"", background=True), *echoes)
        await until(lambda: not session.wants_more())
        assert session.waiting_bytes < LIMIT
        dam.few.set()
        dam.rest.set()
        await peer.expect(JobCreated)
        for echo in echoes:
            assert await peer.hear() == EchoRes(echo.payload)


async def test_for_whom_too_much_waits_behind_an_answer_of_the_store_is_not_said_to_read_too_little(
    open_one: OpenRunning, shared_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with dammed(open_one, shared_server) as (one, dam):
        client, worker = await one.peer(), await one.worker(b"f")
        handle = await client.submit(b"f")
        await worker.grab()
        assert isinstance(await client.ask(GetStatus(handle)), StatusRes)
        await waits_for_the_store(one, client, handle, dam)
        await worker.say(*[WorkData(handle, b"x" * 1_000)] * (2 * LIMIT // 1_000))
        assert await client.is_hung_up_on() == []
        dam.few.set()
        dam.rest.set()
    assert "waits for it behind an answer of the store" in caplog.text
    assert "does not read" not in caplog.text


async def test_an_answer_that_sets_free_more_than_may_wait_behind_it_is_given(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with dammed(open_one, shared_server) as (one, dam):
        client, worker = await one.peer(), await one.worker(b"f")
        handle = await client.submit(b"f")
        await worker.grab()
        session = await waits_for_the_store(one, client, handle, dam)
        news = WorkData(handle, b"x" * 2 * LIMIT)
        await worker.say(news)
        await until(lambda: session.waiting_bytes > LIMIT)
        dam.few.set()
        dam.rest.set()
        assert isinstance(await client.hear(), StatusRes)
        assert await client.hear() == EchoRes(b"behind")
        assert await client.hear() == news
