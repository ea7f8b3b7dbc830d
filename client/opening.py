"""The client's lifetime, and the edge between its tasks and the caller's block."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from client.client import Client
from client.connector import Connector
from client.held import HeldException
from peer import dial, parse_address

__all__ = ["client_over", "open_client"]

CONNECT_TIMEOUT_SECONDS = 10.0
MAX_BODY = 64 * 1024 * 1024  # as the broker's default


@asynccontextmanager
async def open_client(
    server: str,
    *,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    max_body: int = MAX_BODY,
) -> AsyncIterator[Client]:
    """A client for the length of an ``async with`` block, connected when the block is entered.

    Args:
        server: ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``; the port is 4730 if left out.
        connect_timeout_seconds: for each attempt to connect, the server's first answer included.
        max_body: bytes; a larger packet from the server ends the connection, a larger result ends its `call`.

    Raises:
        ValueError: `server` is not an address.
        CannotConnectError: the server cannot be reached now.

    Whatever the block raises comes out as it went in. At the end of the block, also when it is cancelled, the
    connection is closed; tasks that still wait on the client get trio.ClosedResourceError, and jobs they wait
    for are dropped by the server if queued.
    """
    address = parse_address(server)

    async def connect() -> trio.abc.Stream:
        return await dial(address)

    async with client_over(connect, str(address), connect_timeout_seconds, max_body) as client:
        yield client


@asynccontextmanager
async def client_over(
    connect: Callable[[], Awaitable[trio.abc.Stream]],
    server: str,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    max_body: int = MAX_BODY,
) -> AsyncIterator[Client]:
    """As `open_client`, over whatever streams `connect` makes; `server` is what errors call the other end."""
    held = HeldException()
    try:
        async with trio.open_nursery() as nursery:
            connector = Connector(
                connect,
                server,
                nursery,
                connect_timeout_seconds=connect_timeout_seconds,
                max_body=max_body,
            )
            with held:
                await connector.session()
                yield Client(connector, max_body)
            connector.close()
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # Our tasks report faults to those who wait on them. What they raise is either a defect of ours, or a
        # cancellation from outside, which the block is told as well: then what the block raised is what counts.
        if held.error is None or group.split(trio.Cancelled)[1] is not None:
            raise
    held.let_go()
