"""Peers that do not read: what waits for them is bounded, and then they are dropped."""

import pytest
import trio

from broker.session import Session
from protocol import Connection, EchoReq, EchoRes, Noop, Role, WorkComplete, WorkData
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning

LIMIT = 65_536
PIECE = 100_000
ECHO = Connection(Role.PEER).send(EchoReq(b"x" * PIECE))
MORE_THAN_THE_SYSTEM_BUFFERS = 64 * 1024 * 1024


async def test_a_client_that_does_not_read_its_results_is_dropped_and_its_job_goes_on(
    open_one: OpenRunning, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_one(outbox_limit=LIMIT) as one:
        client, reader, worker = await one.peer(), await one.peer(), await one.worker(b"f")
        handle = await client.submit(b"f", b"x", b"u")
        (deaf,) = (session for session in one.broker.audience.listeners(handle))
        await reader.submit(b"f", b"x", b"u")
        await worker.grab()
        most = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hear_to_the_end, reader, handle)
            for _ in range(MORE_THAN_THE_SYSTEM_BUFFERS // PIECE):
                await worker.say(WorkData(handle, b"x" * PIECE))
                assert await worker.heard() == []
                most = max(most, deaf.waiting_bytes)
                if deaf.closing:
                    break
            await worker.say(WorkComplete(handle, b"end"))
        assert deaf.closing
        assert LIMIT < most < LIMIT + 2 * PIECE
        assert "does not read" in caplog.text
        await one.until(lambda: deaf not in one.broker.sessions)


async def hear_to_the_end(reader: Peer, handle: bytes) -> None:
    """A client that does read."""
    while await reader.hear() != WorkComplete(handle, b"end"):
        pass


async def test_who_asks_without_reading_the_answers_is_dropped(open_one: OpenRunning) -> None:
    async with open_one(outbox_limit=LIMIT) as one:
        peer, bystander = await one.peer(), await one.peer()
        await peer.repeat_until_cut_off(ECHO)
        assert await bystander.heard() == []


async def test_a_packet_larger_than_the_limit_reaches_a_peer_that_reads(open_one: OpenRunning) -> None:
    async with open_one(outbox_limit=1024) as one:
        client, worker = await one.peer(), await one.sleeper(b"f")
        payload = b"x" * 10_000_000
        await client.submit_background(b"f", payload)
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == payload


async def test_who_is_told_more_at_once_than_may_wait_is_not_dropped_if_it_reads(open_one: OpenRunning) -> None:
    async with open_one(outbox_limit=1024) as one:
        peer = await one.peer()
        assert await peer.ask(*[EchoReq(b"x" * 700)] * 8) == EchoRes(b"x" * 700)
        assert await peer.heard() == [EchoRes(b"x" * 700)] * 7


async def test_a_dropped_worker_gives_its_jobs_back(open_one: OpenRunning) -> None:
    async with open_one(outbox_limit=LIMIT) as one:
        client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
        handle = await client.submit_background(b"f", b"x")
        await worker.grab()
        sessions: list[Session] = list(one.broker.sessions)
        await worker.repeat_until_cut_off(ECHO)
        assert sessions[1].closing
        assert (await other.take()).handle == handle


async def test_a_peer_that_breaks_the_rules_and_reads_nothing_is_hung_up_on_without_epoll_too(
    open_one: OpenRunning, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("broker.switchboard.IS_AVAILABLE", False)
    monkeypatch.setattr("broker.goodbye.GOODBYE_SECONDS", 0.05)
    async with open_one() as one:
        peer = await one.peer()
        # More than the system takes, so that a task is still about it; then what no peer may say.
        await peer.say_bytes(Connection(Role.PEER).send(EchoReq(b"x" * 32 * 1024 * 1024)) + b"\0XYZ" + bytes(8))
        await one.until(lambda: not one.broker.sessions)
    assert "defect" not in caplog.text


async def test_who_asks_without_reading_the_answers_ends_nobody_else_without_epoll_either(
    open_one: OpenRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.switchboard.IS_AVAILABLE", False)
    async with open_one(outbox_limit=LIMIT) as one:
        peer, bystander = await one.peer(), await one.peer()
        # Dropped by its own task, in the middle of what it has heard.
        await peer.repeat_until_cut_off(ECHO)
        assert await bystander.heard() == []
