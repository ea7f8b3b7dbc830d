"""show jobs, show unique jobs, workers: from an empty list to one that does not fit into memory."""

import os
import select
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Sequence

import pytest
import trio

from broker.core import Broker
from broker.text import gathering, listing
from broker.text.gathering import BLOCK_BYTES, PART_BYTES, Gathered
from persistence.pieces import Piece
from protocol import EchoReq, EchoRes, JobCreated, SubmitJob, WorkComplete, WorkData
from tests.broker.many_jobs import copy_job
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running
from tests.servers import RedisServer

ADMINISTRATORS = 40


async def submit_many(peer: Peer, count: int, function: bytes = b"f", unique: bytes = b"") -> list[bytes]:
    """Handles of so many background jobs."""
    handles: list[bytes] = []
    for first in range(0, count, 1000):
        numbers = range(first, min(first + 1000, count))
        jobs = [SubmitJob(function, unique and unique + b"%d" % at, b"x", background=True) for at in numbers]
        await peer.say(*jobs)
        for _ in jobs:
            handles.append((await peer.expect(JobCreated)).handle)
    return handles


async def test_jobs_of_all_brokers_are_listed_anywhere(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one(job_handle_prefix="H:other:") as other:
        here, there = await one.peer(), await other.peer()
        queued = await here.submit_background(b"f", b"x", b"u")
        waited = await there.submit(b"g", b"x")
        # A handle is read from its right end, whatever stands before that.
        row = b"H:other:" + queued.removeprefix(b"H:")
        assert (await there.ask_in_text(b"show jobs")).splitlines() == [
            row + b"\t0\t0\t1",
            waited + b"\t0\t0\t0",
            b".",
        ] or (await there.ask_in_text(b"show jobs")).splitlines() == [
            waited + b"\t0\t0\t0",
            row + b"\t0\t0\t1",
            b".",
        ]
        assert sorted((await here.ask_in_text(b"show unique jobs")).splitlines()) == [b"", b".", b"u"]


async def test_a_job_that_runs_for_nobody_is_marked_as_ignored(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await client.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert await worker.ask_in_text(b"show jobs") == handle + b"\t0\t1\t0\n.\n"


async def test_listings_keep_their_place_and_see_nothing_behind_it(one: Running) -> None:
    client = await one.peer()
    job = client.encoded(SubmitJob(b"f", b"", b"x", background=True))
    await client.say_bytes(job + b"show unique jobs\r\n" + job + b"show unique jobs\r\n")
    created = len(client.encoded(EchoReq(b""))) + len("H:0123456789012345:012345678901:1")
    heard = await client.hear_bytes(lambda heard: heard.count(b".\n") >= 2)
    assert heard[created : created + 3] == b"\n.\n"
    assert heard[2 * created + 3 :] == b"\n\n.\n"


async def test_a_listing_of_a_few_thousand_jobs_is_one_write(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await one.peer()
    await submit_many(client, 3000)
    writes: list[int] = []
    (session,) = one.broker.sessions
    send_now = session.transport.send_now

    def counted(pieces: Sequence[Piece]) -> int:
        writes.append(sum(map(len, pieces)))
        return send_now(pieces)

    monkeypatch.setattr(session.transport, "send_now", counted)
    reply = await client.ask_in_text(b"show jobs")
    assert (reply.count(b"\n"), writes) == (3001, [len(reply)])


async def test_who_asks_for_workers_many_times_in_one_write_lets_others_speak_between_two_replies(
    one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await one.peer()
    await client.ask(EchoReq(b""))
    (session,) = one.broker.sessions
    writes: list[int] = []
    send_now = session.transport.send_now

    def counted(pieces: Sequence[Piece]) -> int:
        writes.append(sum(map(len, pieces)))
        return send_now(pieces)

    monkeypatch.setattr(session.transport, "send_now", counted)
    await client.say_bytes(b"workers\n" * 50 + client.encoded(EchoReq(b"behind them")))
    lists = b""
    while lists.count(b".\n") < 50:
        lists += await hear_list(client)
    assert await client.hear() == EchoRes(b"behind them")
    assert writes[:49] == [len(lists) // 50] * 49, "what is written together was said in one turn"


async def test_who_is_served_does_not_wait_for_all_who_ask_for_workers_at_once(one: Running) -> None:
    bystander = await one.peer()
    many = [await one.peer() for _ in range(ADMINISTRATORS)]
    for peer in (bystander, *many):
        assert await peer.ask(EchoReq(b"before")) == EchoRes(b"before")
    numbers = [peer.stream.socket.fileno() for peer in many if isinstance(peer.stream, trio.SocketStream)]
    for number in numbers:
        os.write(number, b"workers\n" * 100)
    assert await bystander.ask(EchoReq(b"during")) == EchoRes(b"during")
    answered, _, _ = select.select(numbers, [], [], 0)
    assert len(answered) < ADMINISTRATORS / 2


async def test_a_long_listing_is_whole_and_what_is_said_meanwhile_stands_behind_it(
    one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part but the last leaves by itself, here by the kilobyte."""
    monkeypatch.setattr(gathering, "BLOCK_BYTES", 1024)
    monkeypatch.setattr(gathering, "PART_BYTES", 4096)
    client, worker = await one.peer(), await one.worker(b"g")
    handles = await submit_many(client, 2000)
    waited = await client.submit(b"g", b"x")
    await worker.grab()
    await client.say_bytes(b"show jobs\r\n")
    await worker.say(WorkData(waited, b"part"), WorkComplete(waited, b"end"))
    reply = await hear_list(client)
    rows = [line.partition(b"\t")[0] for line in reply.splitlines()[:-1]]
    assert Counter(rows) - Counter([waited]) == Counter(handles)
    assert [await client.hear(), await client.hear()] == [WorkData(waited, b"part"), WorkComplete(waited, b"end")]


async def hear_list(peer: Peer) -> bytes:
    """A list to its last line, byte by byte, so that nothing behind it is taken; packets before it are left out."""
    heard = bytearray()
    with trio.fail_after(PATIENCE_SECONDS):
        while not heard.endswith(b"\n.\n"):
            heard += await peer.stream.receive_some(1)
    return bytes(heard)


async def test_who_reads_no_listing_at_all_is_dropped(
    one: Running, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the system keeps for a connection, and nobody to read it."""
    monkeypatch.setattr(gathering, "STALLED_SECONDS", 0.2)
    client, lazy = await one.peer(), await one.peer()
    await client.submit_background(b"f", b"x")
    copy_job(shared_server.client(), one.broker.store.function(b"f").tag, 120_000)
    *_, session = one.broker.sessions
    await lazy.say_bytes(b"show jobs\r\n")
    with trio.fail_after(PATIENCE_SECONDS):
        while session in one.broker.sessions:
            assert (await client.ask_in_text(b"status")) == b"f\t120000\t0\t0\n.\n"
            assert session.waiting_bytes < 2 * PART_BYTES


async def test_a_listing_may_be_longer_than_what_may_wait_for_a_peer(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with open_one(outbox_limit=65_536) as one:
        client = await one.peer()
        await client.submit_background(b"f", b"x")
        copy_job(shared_server.client(), one.broker.store.function(b"f").tag, 60_000)
        assert (await client.ask_in_text(b"show jobs")).count(b"\n") == 60_001
        assert (await client.ask_in_text(b"show unique jobs")) == b"\n" * 60_000 + b".\n"
        assert await client.ask_in_text(b"status") == b"f\t60000\t0\t0\n.\n"


async def test_a_listing_that_redis_does_not_give_is_an_error_and_no_half_of_it(
    one: Running, shared_server: RedisServer
) -> None:
    client = await one.peer()
    await submit_many(client, 2000)
    shared_server.client().script_flush()
    assert (await client.ask_in_text(b"show jobs")).startswith(b"ERR STORE_UNAVAILABLE ")
    await one.broker.store.bulk.wait_connected()
    assert (await client.ask_in_text(b"show jobs")).count(b"\n") == 2001


async def test_half_a_listing_that_redis_does_not_finish_is_not_taken_for_a_whole_one(
    one: Running, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_GATHERED_BYTES", 1)
    client, lazy = await one.peer(), await one.peer()
    await client.submit_background(b"f", b"x")
    copy_job(shared_server.client(), one.broker.store.function(b"f").tag, 120_000)
    await lazy.say_bytes(b"show jobs\r\n")
    begun = await lazy.hear_bytes(bool)
    shared_server.client().script_flush()
    heard = begun
    with trio.fail_after(PATIENCE_SECONDS):
        while piece := bytes(await lazy.stream.receive_some()):
            heard += piece
    assert heard.endswith(b"1\n")
    assert heard.count(b"\n") < 120_000


async def test_who_hangs_up_on_a_listing_harms_nobody(one: Running) -> None:
    client, rude = await one.peer(), await one.peer()
    await submit_many(client, 2000)
    await rude.say_bytes(b"show jobs\r\nshow unique jobs\r\nstatus\r\n")
    await rude.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert (await client.ask_in_text(b"show jobs")).count(b"\n") == 2001


@pytest.mark.parametrize("line", [b"show jobs\n", b"status\n", b"workers\n"])
async def test_what_who_is_gone_had_asked_for_is_not_looked_up(
    one: Running, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, rude = await one.peer(), await one.peer()
    await submit_many(client, 10)
    listed = 0
    connections, store = listing._connections, one.broker.store

    def counted(broker: Broker) -> bytes:
        nonlocal listed
        listed += 1
        return connections(broker)

    monkeypatch.setattr(listing, "_connections", counted)
    before = store.bulk.statistics().sends
    await rude.say_bytes(line * 400 + b"create function handed-in\n")
    await rude.stream.receive_some(1)
    assert isinstance(rude.stream, trio.SocketStream)
    rude.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await rude.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert store.bulk.statistics().sends - before + listed < 200
    assert b"handed-in" in await client.ask_in_text(b"status"), "what changes something is done all the same"


async def test_what_many_uniques_and_many_jobs_without_one_come_to(one: Running) -> None:
    client = await one.peer()
    await submit_many(client, 1500)
    await submit_many(client, 1200, unique=b"u")
    await submit_many(client, 10, b"g", b"u")
    lines = (await client.ask_in_text(b"show unique jobs")).split(b"\n")
    assert lines[-2:] == [b".", b""]
    expected = (
        Counter({b"": 1500}) + Counter(b"u%d" % at for at in range(1200)) + Counter(b"u%d" % at for at in range(10))
    )
    assert Counter(lines[:-2]) == expected


def test_what_is_gathered_comes_out_as_it_went_in_and_takes_little_memory() -> None:
    lines = [b"H:ic6bxlmkyb3s6dxg:ndtiydyk6alq:%d\t0\t0\t1\n" % number for number in range(100_000)]
    gathered = Gathered()
    for at in range(0, len(lines), 250):
        gathered.put(b"".join(lines[at : at + 250]))
    length = sum(map(len, lines))
    assert gathered.size < PART_BYTES + 2 * BLOCK_BYTES + length / 6
    parts = []
    while part := gathered.take():
        parts.append(part)
    assert b"".join(parts) == b"".join(lines)
    assert all(PART_BYTES <= len(part) < PART_BYTES + 2 * BLOCK_BYTES for part in parts[:-1])
    assert gathered.size == 0
    assert gathered.take() == b""


def test_what_does_not_compress_is_gathered_all_the_same() -> None:
    noise = zlib.compress(b"".join(b"%d" % number for number in range(300_000)), 9)
    gathered = Gathered()
    for _ in range(10):
        gathered.put(noise)
    assert gathered.take() + gathered.take() + gathered.take() + gathered.take() + gathered.take() == noise * 10
