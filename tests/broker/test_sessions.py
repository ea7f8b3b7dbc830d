"""Connections: their streams, their ends at every stage, and how many there may be."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from broker.listening import attend_to
from broker.session import Session
from broker.transport import Listener
from protocol import (
    Connection,
    EchoReq,
    EchoRes,
    GrabJob,
    GrabJobAll,
    JobAssign,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    PreSleep,
    Role,
    SubmitJob,
    SubmitJobSched,
    WorkComplete,
)
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running
from tests.broker.stream_transport import StreamTransport


async def over_memory(one: Running, nursery: trio.Nursery) -> Peer:
    """A connection without a socket."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(attend_to, one.broker, StreamTransport(theirs, "memory"))
    return Peer(ours)


async def test_any_stream_will_do(one: Running) -> None:
    async with trio.open_nursery() as nursery:
        client, worker = await over_memory(one, nursery), await over_memory(one, nursery)
        await worker.can_do(b"f")
        handle = await client.submit(b"f", b"x" * 300_000)
        assert (await worker.grab()).payload == b"x" * 300_000
        await worker.say(WorkComplete(handle, b"y" * 300_000))
        assert await client.hear() == WorkComplete(handle, b"y" * 300_000)
        for peer in (client, worker):
            await peer.say_no_more()
            assert await peer.is_hung_up_on() == []


class Told(StreamTransport):
    """Any stream, and what the session said of each read."""

    def __init__(self, stream: trio.StapledStream[Any, Any]) -> None:
        super().__init__(stream, "memory")
        self.packets: list[int | None] = []

    async def listen(self, listener: Listener) -> None:
        """As any switchboard does."""
        while listener.wants_more():
            self.packets.append(listener.hear(await self.receive()))
            listener.heard()


SCHED = SubmitJobSched(b"f", b"", b"", b"", b"29", b"2", b"", b"x")


@pytest.mark.parametrize("first", [b"status\r\n", Connection(Role.PEER).send(SCHED)], ids=["in text", "a packet"])
async def test_packets_that_waited_for_an_answer_of_the_store_count_with_the_next_read(
    one: Running, first: bytes
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    transport, peer = Told(theirs), Peer(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(attend_to, one.broker, transport)
        await peer.say_bytes(first + 9 * peer.encoded(EchoReq(b"behind it")))
        with trio.fail_after(PATIENCE_SECONDS):
            heard = b""
            while heard.count(b"behind it") < 9:
                heard += bytes(await peer.stream.receive_some())
        await peer.say(EchoReq(b"last"))
        assert await peer.hear() == EchoRes(b"last")
        assert transport.packets == [1, 10]
        nursery.cancel_scope.cancel()


async def test_a_system_without_epoll_serves_all_the_same(
    open_one: OpenRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.switchboard.IS_AVAILABLE", False)
    async with open_one() as one:
        assert one.broker.switchboard is None
        client, worker = await one.peer(), await one.sleeper(b"f")
        handle = await client.submit(b"f", b"x" * 300_000)
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == b"x" * 300_000
        await worker.say(WorkComplete(handle, b"y" * 300_000))
        assert await client.hear() == WorkComplete(handle, b"y" * 300_000)
        for peer in (client, worker):
            await peer.say_no_more()
            assert await peer.is_hung_up_on() == []


async def test_packets_byte_by_byte_are_the_same_packets(one: Running) -> None:
    async with trio.open_nursery() as nursery:
        peer = await over_memory(one, nursery)
        said = peer.encoded(EchoReq(b"1"), SubmitJob(b"f", b"", b"x", background=True), EchoReq(b"2"))
        for byte in said:
            await peer.say_bytes(bytes([byte]))
        assert await peer.hear() == EchoRes(b"1")
        assert isinstance(await peer.hear(), JobCreated)
        assert await peer.hear() == EchoRes(b"2")
        await peer.leave()


async def test_a_session_that_is_cancelled_gives_back_what_it_ran(one: Running) -> None:
    other = await one.worker(b"f")
    async with trio.open_nursery() as nursery:
        worker = await over_memory(one, nursery)
        await worker.can_do(b"f")
        handle = await other.submit_background(b"f", b"x")
        await worker.grab()
        nursery.cancel_scope.cancel()
    assert (await other.take()).handle == handle


async def test_requests_before_a_half_close_are_all_answered(one: Running) -> None:
    peer = await one.worker(b"f")
    await peer.say(SubmitJob(b"f", b"", b"x", background=True), GrabJob(), EchoReq(b"last"))
    await peer.say_no_more()
    answers = await peer.is_hung_up_on()
    assert [type(answer) for answer in answers] == [JobCreated, JobAssign, EchoRes]


async def after_connecting(one: Running, peer: Peer) -> None:
    """Nothing said yet."""


async def in_the_middle_of_a_packet(one: Running, peer: Peer) -> None:
    await peer.say_bytes(peer.encoded(SubmitJob(b"f", b"u", b"x"))[:20])


async def right_after_a_submit(one: Running, peer: Peer) -> None:
    await peer.say(SubmitJob(b"f", b"u", b"x"))


async def waiting_for_a_job(one: Running, peer: Peer) -> None:
    await peer.submit(b"f", b"x", b"u")


async def right_after_a_grab(one: Running, peer: Peer) -> None:
    await peer.say(SubmitJob(b"f", b"", b"x", background=True))
    await peer.can_do(b"f")
    await peer.say(*[GrabJob()] * 3)


async def asleep(one: Running, peer: Peer) -> None:
    await peer.can_do(b"f")
    await peer.fall_asleep()


async def woken(one: Running, peer: Peer) -> None:
    await asleep(one, peer)
    await (await one.peer()).submit_background(b"f", b"x")
    assert await peer.hear() == Noop()


async def right_before_being_woken(one: Running, peer: Peer) -> None:
    await asleep(one, peer)
    await (await one.peer()).say(SubmitJob(b"f", b"", b"x", background=True))


async def with_jobs_in_hand(one: Running, peer: Peer) -> None:
    await peer.can_do(b"f", b"g")
    for function in (b"f", b"g", b"f"):
        await peer.submit(function, b"x")
        await peer.grab()


async def right_after_a_result(one: Running, peer: Peer) -> None:
    await peer.can_do(b"f")
    handle = await peer.submit(b"f", b"x", b"u")
    await peer.grab()
    await peer.say(WorkComplete(handle, b"end"))


async def with_answers_unread(one: Running, peer: Peer) -> None:
    await peer.say(*[EchoReq(b"x" * 100_000)] * 30)


STAGES = (
    after_connecting,
    in_the_middle_of_a_packet,
    right_after_a_submit,
    waiting_for_a_job,
    right_after_a_grab,
    asleep,
    woken,
    right_before_being_woken,
    with_jobs_in_hand,
    right_after_a_result,
    with_answers_unread,
)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
async def test_whoever_hangs_up_at_whatever_stage_leaves_nothing_behind(
    one: Running, stage: Callable[[Running, Peer], Awaitable[None]]
) -> None:
    peer, witness = await one.peer(), await one.worker(b"f", b"g")
    (session, _) = await sessions_of(one, 2)
    await stage(one, peer)
    await peer.leave()
    await one.until(lambda: session not in one.broker.sessions)
    await one.settled()
    broker = one.broker
    assert not session.runs
    assert not broker.runs.by_handle
    assert session not in broker.roster.woken
    for line in broker.roster.lines.values():
        assert session not in line.workers
        assert session not in line.sleepers
        assert not line.handing
        assert not line.joining
        assert not broker.audience.awaited(line.function)
    await what_was_stored_is_handed_out(witness)
    assert await witness.finds_nothing()


async def sessions_of(one: Running, number: int) -> list[Session]:
    """The sessions, when there are so many."""
    await one.until(lambda: len(one.broker.sessions) == number)
    return list(one.broker.sessions)


async def what_was_stored_is_handed_out(witness: Peer) -> None:
    """Do what there is to do, as workers do."""
    while isinstance(job := await witness.ask(GrabJobAll()), JobAssignUniq):
        await witness.say(WorkComplete(job.handle, b""))


async def test_more_connections_than_allowed_wait_for_their_turn(open_one: OpenRunning) -> None:
    async with open_one(max_connections=2) as one:
        first, second, third = await one.peer(), await one.peer(), await one.peer()
        for peer in (first, second):
            assert await peer.ask(EchoReq(b"")) == EchoRes(b"")
        await third.say(EchoReq(b"third"))
        assert len(one.broker.sessions) == 2
        await first.leave()
        assert await third.hear() == EchoRes(b"third")


async def test_a_worker_may_sleep_beside_a_grab_that_waits_for_the_store(one: Running) -> None:
    worker = await one.worker(b"f")
    with trio.fail_after(PATIENCE_SECONDS):
        await worker.say(GrabJob(), PreSleep(), GrabJob(), PreSleep())
        assert [await worker.hear(), await worker.hear()] == [NoJob(), NoJob()]
    client = await one.peer()
    await client.submit_background(b"f", b"x")
    assert await worker.hear() == Noop()
