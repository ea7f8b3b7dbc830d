"""Peers in TLS are watched and written to as those without: what of that TLS makes different."""

import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio
import trio.testing

from broker.settings import Settings
from broker.switchboard import SHORT_TURN_BYTES, TURN_BYTES
from broker.tls import Certificates, shake_hands
from broker.tls_transport import RECORD_BYTES, SEND_BYTES
from persistence.pieces import unsent
from protocol import EchoReq, EchoRes, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, open_tls_peer
from tests.broker.running import OpenRunning, Running
from tests.broker.unwrapped import encoded, unwrapped
from tests.certified import certified

RECORD_HEAD = 5


@pytest.fixture
async def secure(open_one: OpenRunning, certificate: Path) -> AsyncIterator[Running]:
    """A broker whose port speaks TLS."""
    async with open_secure(open_one, certificate) as running:
        yield running


def open_secure(open_one: OpenRunning, certificate: Path) -> AbstractAsyncContextManager[Running]:
    return open_one(ssl=True, ssl_certificate=certificate)


async def test_nothing_comes_unasked_for_after_the_handshake(secure: Running) -> None:
    async with unwrapped(secure.address) as (client, stream):
        await stream.send_all(client.encrypted(encoded(EchoReq(b"first"))))
        assert (await client.read()).endswith(b"first")
    length = int.from_bytes(client.came[3:RECORD_HEAD], "big")
    assert len(client.came) == RECORD_HEAD + length, "one record, and no tickets before it"


async def test_a_record_that_comes_in_parts_is_one_record(secure: Running) -> None:
    async with unwrapped(secure.address) as (client, stream):
        said = client.encrypted(encoded(EchoReq(b"whole")))
        for part in (said[:3], said[3:20], said[20:]):
            await stream.send_all(part)
            for _ in range(2):  # in a trip to the store it is heard
                await secure.broker.store.pipe.ask(b"PING")
        assert (await client.read()).endswith(b"whole")


@pytest.mark.parametrize("turn", [SHORT_TURN_BYTES, TURN_BYTES])
async def test_a_record_longer_than_a_turn_is_heard_to_its_end(
    secure: Running, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    assert secure.broker.switchboard is not None
    secure.broker.switchboard.turn_bytes = turn
    async with open_tls_peer(secure.address) as peer:
        said = [b"%0200d" % number for number in range(RECORD_BYTES // 212)]
        await peer.say(*map(EchoReq, said))
        assert [await peer.hear() for _ in said] == list(map(EchoRes, said))


@pytest.mark.parametrize("most", [10_000, SEND_BYTES])
async def test_what_the_kernel_does_not_take_at_once_arrives_whole(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("broker.tls_transport.SEND_BYTES", most)
    near, far = socket.socketpair()
    certificates = Certificates(Settings(port=0, ssl=True, ssl_certificate=certificate))
    pieces = [b"short", b"", bytes(range(256)) * 20_000, b"x" * (SEND_BYTES + 1)]
    heard = b""
    reading = trio.Event()

    async def read() -> None:
        nonlocal heard
        raw = trio.SocketStream(trio.socket.from_stdlib_socket(far))
        async with trio.SSLStream(raw, certified().trusting, server_hostname="localhost") as stream:
            await stream.do_handshake()
            await reading.wait()
            async for data in stream:
                heard += data

    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            transport = await shake_hands(near, certificates, "peer", None, PATIENCE_SECONDS)
            sent = transport.send_now(pieces)
            assert len(pieces[0]) <= sent < sum(map(len, pieces)), "else this tests nothing"
            reading.set()
            for piece in unsent(pieces, sent):
                await transport.send_all(piece)
            transport.close()
    assert heard == b"".join(pieces)


async def test_an_end_in_the_same_read_as_a_question_is_an_end(secure: Running) -> None:
    async with unwrapped(secure.address) as (client, stream):
        question = client.encrypted(encoded(EchoReq(b"the last")))
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.unwrap()
        await stream.send_all(question + client.encrypted(b""))
        assert (await client.read()).endswith(b"the last")
        with pytest.raises(ssl.SSLZeroReturnError):
            await client.read()
        await secure.until(lambda: not secure.broker.sessions)


async def test_what_is_not_tls_within_tls_ends_that_connection_alone(
    secure: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_tls_peer(secure.address) as bystander, unwrapped(secure.address) as (client, stream):
        await stream.send_all(client.encrypted(encoded(EchoReq(b"in order"))))
        assert (await client.read()).endswith(b"in order")
        await stream.send_all(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises(ssl.SSLError):
            await client.read()
        assert await bystander.ask(EchoReq(b"still here")) == EchoRes(b"still here")
        await secure.until(lambda: len(secure.broker.sessions) == 1)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("has_epoll", [True, False])
async def test_large_jobs_travel_with_epoll_and_without(
    open_one: OpenRunning, certificate: Path, monkeypatch: pytest.MonkeyPatch, has_epoll: bool
) -> None:
    monkeypatch.setattr("broker.switchboard.IS_AVAILABLE", has_epoll)
    payload, result = b"x" * 3_000_000, b"y" * 3_000_000
    async with (
        open_secure(open_one, certificate) as running,
        open_tls_peer(running.address) as client,
        open_tls_peer(running.address) as worker,
    ):
        await worker.can_do(b"f")
        handle = await client.submit(b"f", payload)
        assert (await worker.take()).payload == payload
        await worker.say(WorkComplete(handle, result))
        assert await client.hear() == WorkComplete(handle, result)
