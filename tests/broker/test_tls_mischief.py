"""Peers in TLS that do what none should: what they said before it counts, and nobody else notices."""

import logging
import select
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from broker.tls import Certificates
from protocol import EchoReq, EchoRes, GrabJob, Packet, SubmitJob
from tests.broker.peers import open_tls_peer
from tests.broker.running import OpenRunning, Running
from tests.broker.unwrapped import client_hello, encoded, unwrapped

SUBMIT = SubmitJob(b"f", b"", b"said in time", background=True)
NO_RECORD = b"\x17\x03\x03\x00\x20" + bytes(32)
TOO_LONG = b"\x17\x03\x03\xff\xff" + bytes(65_535)
CROWD = 60


@pytest.fixture
async def secure(open_one: OpenRunning, certificate: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Running]:
    """A broker whose port speaks TLS; whatever happens to it, it has a bystander, who notices nothing."""
    async with (
        open_one(ssl=True, ssl_certificate=certificate) as running,
        open_tls_peer(running.address) as bystander,
    ):
        assert await bystander.ask(EchoReq(b"before")) == EchoRes(b"before")
        yield running
        await running.until(lambda: len(running.broker.sessions) == 1)
        assert await bystander.ask(EchoReq(b"after")) == EchoRes(b"after")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def payload_of_the_job(secure: Running) -> bytes:
    """What was handed in."""
    async with open_tls_peer(secure.address) as worker:
        await worker.can_do(b"f")
        return (await worker.take()).payload


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("garbage", [NO_RECORD, TOO_LONG, bytes(20_000)], ids=["no record", "too long", "zeros"])
async def test_what_was_said_before_it_counts_as_without_tls(secure: Running, garbage: bytes, resets: bool) -> None:
    async with unwrapped(secure.address) as (client, stream):
        # In one segment, so that it is read at once.
        await stream.send_all(client.encrypted(encoded(SUBMIT)) + garbage)
        if resets:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.socket.close()
    assert await payload_of_the_job(secure) == SUBMIT.payload


async def test_what_comes_behind_the_end_is_not_looked_at(secure: Running) -> None:
    async with unwrapped(secure.address) as (client, stream):
        said = client.encrypted(encoded(SUBMIT))
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.unwrap()
        await stream.send_all(said + client.encrypted(b"") + NO_RECORD * 1_000)
        assert await client.read(), "the answer, and no complaint before it"
        with pytest.raises(ssl.SSLZeroReturnError):
            await client.read()
    assert await payload_of_the_job(secure) == SUBMIT.payload


async def test_records_of_one_byte_make_up_a_packet(secure: Running) -> None:
    async with unwrapped(secure.address) as (client, stream):
        said = encoded(EchoReq(b"x" * 2_000))
        await stream.send_all(b"".join(client.encrypted(said[n : n + 1]) for n in range(len(said))))
        heard = b""
        while len(heard) < len(said):
            heard += await client.read()
    assert heard.endswith(b"x" * 2_000)


@pytest.mark.parametrize("packet", [EchoReq(b"x" * 100_000), GrabJob()])
async def test_who_is_gone_without_a_word_is_gone(secure: Running, packet: Packet) -> None:
    async with unwrapped(secure.address) as (client, stream):
        said = client.encrypted(encoded(packet))
        await stream.send_all(said[: len(said) // 2])  # within a record


def test_keys_are_agreed_on_once_and_not_again_whenever_a_peer_likes(certificate: Path) -> None:
    settings = Settings(port=0, ssl=True, ssl_certificate=certificate)
    assert Certificates(settings).context().options & ssl.OP_NO_RENEGOTIATION


async def test_who_is_served_does_not_wait_for_all_handshakes_of_a_crowd(secure: Running) -> None:
    def waiting() -> int:
        io = trio.lowlevel.current_statistics().io_statistics
        assert io.backend == "epoll"
        return io.tasks_waiting_read

    with ExitStack() as crowd:
        async with open_tls_peer(secure.address) as served:
            assert await served.ask(EchoReq(b"before")) == EchoRes(b"before")
            before = waiting()
            socks = [crowd.enter_context(socket.create_connection(secure.address)) for _ in range(CROWD)]
            await secure.until(lambda: waiting() >= before + CROWD)
            for sock in socks:
                sock.sendall(client_hello())
            assert await served.ask(EchoReq(b"during")) == EchoRes(b"during")
            readable, _, _ = select.select(socks, [], [], 0)
            assert len(readable) < CROWD / 2
