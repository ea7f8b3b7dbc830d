"""A client in TLS that has what travels in its hands: the encrypted bytes, as they are to be sent and as they come."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio

from broker.tls_transport import RECORD_BYTES
from protocol import Connection, Packet, Role
from tests.broker.peers import PATIENCE_SECONDS
from tests.certified import certified

__all__ = ["Unwrapped", "client_hello", "encoded", "unwrapped"]


class Unwrapped:
    """One end of a TLS connection, and the stream that its bytes travel on."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = certified().trusting.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")
        self.came = b""
        """Since the handshake."""

    async def shake_hands(self) -> None:
        """Agree on keys."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                try:
                    self.tls.do_handshake()
                except ssl.SSLWantReadError:
                    await self._stream.send_all(self._outgoing.read())
                    self._take_in(await self._stream.receive_some())
                else:
                    await self._stream.send_all(self._outgoing.read())
                    return

    def encrypted(self, data: bytes) -> bytes:
        """What is to be sent, for this to arrive."""
        if data:
            self.tls.write(data)
        return self._outgoing.read()

    async def read(self) -> bytes:
        """What comes next, decrypted."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                try:
                    return self.tls.read(RECORD_BYTES)
                except ssl.SSLWantReadError:
                    data = await self._stream.receive_some()
                    self.came += data
                    self._take_in(data)

    def _take_in(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()  # or TLS would want to read more for ever


@asynccontextmanager
async def unwrapped(address: tuple[str, int]) -> AsyncIterator[tuple[Unwrapped, trio.SocketStream]]:
    """A connection to a broker, after the handshake."""
    async with await trio.open_tcp_stream(*address) as stream:
        client = Unwrapped(stream)
        await client.shake_hands()
        yield client, stream


def client_hello() -> bytes:
    """What a client begins a handshake with."""
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        certified().trusting.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def encoded(packet: Packet) -> bytes:
    """A packet as a peer says it."""
    return Connection(Role.PEER).send(packet)
