"""The client's lifetime, and the edge between its tasks and the caller's block."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from client.arguments import checked_seconds, must_be_counts
from client.client import Client
from client.connector import Connector
from client.defaults import CONNECT_TIMEOUT_SECONDS, IN_FLIGHT, MAX_BODY
from client.held import HeldException
from client.rota import Rota
from client.route import Route
from peer import parse_addresses
from peer.dial import dial
from peer.tls_argument import must_be_a_context

__all__ = ["client_over", "open_client"]


@asynccontextmanager
async def open_client(
    *servers: str,
    tls: ssl.SSLContext | None = None,
    spread: bool = False,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    max_body: int = MAX_BODY,
    in_flight: int = IN_FLIGHT,
) -> AsyncIterator[Client]:
    """A client for the length of an ``async with`` block, connected when the block is entered.

    Args:
        servers: one address or several: ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``; the port is 4730 if
            left out. The client is connected to one of them, and to the next when that is lost. Give several
            only if they share their jobs, as brokers on one Redis do: a handle means nothing to another server.
        tls: whom to trust for the servers' certificates, such as ``ssl.create_default_context()``; None speaks
            plainly.
        spread: each connection goes to a server drawn by lot, so that many clients spread over them. Without it,
            the client begins with the first, stays with the one that answered, and goes round in order.
        connect_timeout_seconds: for each attempt to connect to a server, its first answer included.
        max_body: bytes; a larger packet from the server ends the connection, a larger result ends its `call`.
        in_flight: how many requests may be sent and not answered; beyond it callers wait.

    Raises:
        ValueError: `servers` are no addresses, or there are none; or another argument cannot be right.
        CannotConnectError: none of the servers can be reached now.

    Whatever the block raises comes out as it went in. At the end of the block, also when it is cancelled, the
    connection is closed; tasks that still wait on the client get trio.ClosedResourceError, and jobs they wait
    for are dropped by the server if queued.

    Example:
        async with open_client("127.0.0.1:4730") as client:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org")
    """
    must_be_counts(in_flight=in_flight, max_body=max_body)
    checked_seconds(connect_timeout_seconds)
    must_be_a_context(tls)
    routes = [Route(str(address), partial(dial, address, tls)) for address in parse_addresses(servers)]
    rota = Rota(routes, spread=spread)
    async with client_over(
        rota, connect_timeout_seconds=connect_timeout_seconds, max_body=max_body, in_flight=in_flight
    ) as client:
        yield client


@asynccontextmanager
async def client_over(
    rota: Rota[Route],
    *,
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    max_body: int = MAX_BODY,
    in_flight: int = IN_FLIGHT,
) -> AsyncIterator[Client]:
    """As `open_client`, over whatever streams the routes make."""
    held = HeldException()
    try:
        async with trio.open_nursery() as nursery:
            connector = Connector(
                rota,
                nursery,
                connect_timeout_seconds=connect_timeout_seconds,
                max_body=max_body,
                in_flight=in_flight,
            )
            with held:
                await connector.session()
                yield Client(connector, max_body=max_body, in_flight=in_flight)
            connector.close()
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # Our tasks report faults to those who wait on them. What they raise is either a defect of ours, or a
        # cancellation from outside, which the block is told as well: then what the block raised is what counts.
        if held.error is None or group.split(trio.Cancelled)[1] is not None:
            raise
    held.let_go()
