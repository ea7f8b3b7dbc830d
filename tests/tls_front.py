"""TLS before a server that speaks plainly, so that every server we test with can be met over TLS."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio
import trustme

from tests.processes import ServerProcess

__all__ = ["TlsFront", "tls_front"]

HOST = "localhost"


class TlsFront:
    """The address of the TLS port, and contexts for those who come there."""

    def __init__(self, port: int, authority: trustme.CA) -> None:
        self.address = f"{HOST}:{port}"
        self.by_number = f"127.0.0.1:{port}"  # a name the certificate does not bear
        self._authority = authority

    def trusting(self) -> ssl.SSLContext:
        """For a peer that trusts the authority which signed the certificate."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context


@asynccontextmanager
async def tls_front(server: ServerProcess) -> AsyncIterator[TlsFront]:
    """A TLS port that hands all bytes on to the server, for the length of the block."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)

    async def hand_on(source: trio.abc.Stream, target: trio.abc.Stream, scope: trio.CancelScope) -> None:
        try:
            async for data in source:
                await target.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()

    async def serve(near: trio.SSLStream[trio.SocketStream]) -> None:
        async with await trio.open_tcp_stream(server.host, server.port) as far, trio.open_nursery() as both:
            both.start_soon(hand_on, near, far, both.cancel_scope)
            both.start_soon(hand_on, far, near, both.cancel_scope)

    async with trio.open_nursery() as nursery:
        listen = partial(trio.serve_ssl_over_tcp, serve, 0, context, host="127.0.0.1", https_compatible=True)
        (listener,) = await nursery.start(listen)
        yield TlsFront(listener.transport_listener.socket.getsockname()[1], authority)
        nursery.cancel_scope.cancel()
