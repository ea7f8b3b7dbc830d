"""The way to a server: plain, over TLS, refused, and cancelled."""

import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from client import CannotConnectError
from client.blocking import Client
from peer import parse_address
from peer.dial import dial
from protocol import EchoReq, EchoRes, Role
from protocol.stream import PacketStream
from tests.cancelling import cancelled_at
from tests.ports import private_port
from tests.processes import ServerProcess
from tests.tls_front import TlsFront, tls_front

MOST_AWAITS = 50


def open_descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def echoes(stream: trio.abc.Stream) -> bool:
    """Does a Gearman server answer there? Closes the stream."""
    async with PacketStream(stream, Role.PEER) as packets:
        await packets.send(EchoReq(b"a\0b"))
        return await packets.receive() == EchoRes(b"a\0b")


async def test_a_plain_connection_notices_a_dead_peer(server: ServerProcess) -> None:
    stream = await dial(parse_address(server.address))
    assert isinstance(stream, trio.SocketStream)
    assert stream.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert await echoes(stream)


@pytest.mark.parametrize("host", ["jobs..example.org", "j" * 64, "jöbs..example.org"])
async def test_a_host_that_there_cannot_be_is_an_error_of_the_system(host: str) -> None:
    address = parse_address(host)
    with pytest.raises(OSError, match="no name of a host: "):
        await dial(address)
    with pytest.raises(CannotConnectError, match=f"cannot connect to {address}: no name of a host: "):
        Client(host).ping()


async def test_a_server_is_met_over_tls(server: ServerProcess) -> None:
    async with tls_front(server) as front:
        assert await echoes(await dial(parse_address(front.address), front.trusting()))


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        pytest.param(lambda front: (front.address, ssl.create_default_context()), "unable to get", id="not trusted"),
        pytest.param(lambda front: (front.by_number, front.trusting()), "not valid for '127.0.0.1'", id="wrong name"),
    ],
)
async def test_a_certificate_that_does_not_convince_is_an_error_of_the_system(
    server: ServerProcess, way: Callable[[TlsFront], tuple[str, ssl.SSLContext]], reason: str
) -> None:
    async with tls_front(server) as front:
        address, context = way(front)
        with pytest.raises(OSError, match=f"no TLS with {address}: .*{reason}"):
            await dial(parse_address(address), context)


async def test_a_server_that_speaks_no_tls_is_an_error_of_the_system() -> None:
    async def garble(stream: trio.SocketStream) -> None:
        await stream.send_all(b"\0RES this is no handshake")

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, garble, 0, host="127.0.0.1"))
        address = parse_address(f"127.0.0.1:{listener.socket.getsockname()[1]}")
        with pytest.raises(OSError, match=r"no TLS with 127\.0\.0\.1:"):
            await dial(address, ssl.create_default_context())
        nursery.cancel_scope.cancel()


async def test_a_context_that_is_not_for_clients_leaves_no_socket(server: ServerProcess) -> None:
    before = open_descriptors()
    with pytest.raises(OSError, match="PROTOCOL_TLS_SERVER"):
        await dial(parse_address(server.address), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert open_descriptors() == before


async def test_where_nobody_listens_is_an_error_of_the_system() -> None:
    with pytest.raises(ConnectionRefusedError, match=r"^\[Errno \d+\] Connection refused$"):
        await dial(parse_address(f"127.0.0.1:{private_port()}"))


async def test_cancelled_at_any_await_it_leaves_no_socket(server: ServerProcess) -> None:
    async with tls_front(server) as front:
        context = front.trusting()
        for count in range(1, MOST_AWAITS):
            before = open_descriptors()
            connected: list[trio.abc.Stream] = []

            async def connect(connected: list[trio.abc.Stream] = connected) -> None:
                connected.append(await dial(parse_address(front.address), context))

            if not await cancelled_at(count, connect):
                await connected[0].aclose()
                break
            assert not connected
            with trio.fail_after(20):
                while open_descriptors() > before:  # the front's own two close a moment later
                    await trio.testing.wait_all_tasks_blocked()
        else:
            pytest.fail("it was always cancelled")
