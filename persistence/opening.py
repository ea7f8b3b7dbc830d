"""Opens the stream to Redis: TCP, TLS or a unix socket."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import replace
from typing import Final

import trio

from persistence.errors import NoRoomError, StoreUnavailableError
from persistence.options import RedisOptions, TlsOptions
from persistence.own_limits import room_for_a_socket
from persistence.plain_stream import PlainStream
from persistence.threads import threads_wanted

HANDSHAKE_SHARE: Final = 0.8
"""How much of the time to connect TLS may take: the rest is for saying that it took too long."""


async def open_stream(options: RedisOptions) -> trio.abc.Stream:
    """Connect; with TLS also shake hands, so that a bad certificate is known by its name.

    Cancelled, it leaves no socket behind.

    Raises:
        StoreUnavailableError: no connection, with the reason.
    """
    try:
        if options.unix_path is not None:
            return _plain(await trio.open_unix_socket(options.unix_path))
        with threads_wanted():  # for the address of a name
            stream = await trio.open_tcp_stream(options.host, options.port)
        return _plain(stream) if options.tls is None else await _secured(stream, options.tls, options)
    except (OSError, trio.BrokenResourceError) as error:
        text = f"cannot connect to Redis at {options.address}: {_reason(error)}"
        if todo := room_for_a_socket(_innermost(error)):
            raise NoRoomError(f"{text}; {todo}") from error
        raise StoreUnavailableError(text) from error


async def located(options: RedisOptions) -> RedisOptions:
    """The same for the server where it is now. Raises StoreError when nobody knows."""
    if options.locator is None:
        return options
    host, port = await options.locator.locate()
    return replace(options, host=host, port=port, locator=None)


def _plain(stream: trio.SocketStream) -> PlainStream:
    return PlainStream(socket.socket(fileno=stream.socket.detach()))


async def _secured(transport: trio.SocketStream, tls: TlsOptions, options: RedisOptions) -> trio.abc.Stream:
    established = False
    try:
        stream = trio.SSLStream(transport, tls.context(), server_hostname=options.host)
        with trio.move_on_after(options.connect_timeout_seconds * HANDSHAKE_SHARE):
            await stream.do_handshake()
            established = True
            return stream
        # A Redis without TLS takes our greeting for the beginning of a long command, and waits for its end.
        raise StoreUnavailableError(
            f"cannot connect to Redis at {options.address}: it does not answer the TLS handshake "
            "(does that port speak TLS? for one that does not the URL begins with redis, not rediss)"
        )
    finally:
        if not established:
            await trio.aclose_forcefully(transport)


def _reason(error: BaseException) -> str:
    """The innermost cause, in one line."""
    error = _innermost(error)
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)  # trio puts the address in front, and the line has named it
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if text.startswith("Error connecting to ("):  # trio's words, with an address that is named already
        text = text.rpartition(": ")[2]
    return " ".join(text.split()) or type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    """Trio wraps the refusals of several addresses, and TLS alerts."""
    if isinstance(error, BaseExceptionGroup):
        return _innermost(error.exceptions[0])
    return error if error.__cause__ is None else _innermost(error.__cause__)
