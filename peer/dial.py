"""From a server's address to a connected stream, with or without TLS."""

import os
import ssl

import trio

from peer.address import ServerAddress
from peer.keepalive import keep_alive

__all__ = ["dial"]


async def dial(address: ServerAddress, tls: ssl.SSLContext | None = None) -> trio.abc.Stream:
    """Connects; OSError if nobody listens or there can be no such host, or if TLS cannot be agreed on.

    Cancelled: no socket is left.

    Args:
        address: where; its host is also the name that the server's certificate must bear.
        tls: whom to trust, and perhaps who we are; None speaks plainly.
    """
    try:
        stream = await trio.open_tcp_stream(address.host, address.port)
    except UnicodeError as error:  # a part of the name is empty or too long, before anybody is asked for it
        raise OSError(f"no name of a host: {error}") from error
    except OSError as error:
        first = _first_reason(error)
        if first is None:
            raise
        raise first from error
    keep_alive(stream)
    return stream if tls is None else await _wrapped(stream, address, tls)


def _first_reason(error: OSError) -> OSError | None:
    """What the system said of the first address of a host, if trio says no more than that all attempts failed."""
    if not isinstance(error.__cause__, ExceptionGroup):
        return None
    first = error.__cause__.exceptions[0]
    # Without trio's words, which name the address: whoever called names it, too.
    return OSError(first.errno, os.strerror(first.errno)) if isinstance(first, OSError) and first.errno else None


async def _wrapped(stream: trio.SocketStream, address: ServerAddress, tls: ssl.SSLContext) -> trio.abc.Stream:
    # https_compatible: a server that is killed says no TLS goodbye. Packets have lengths, so half of one is noticed
    # all the same, and the end of a connection reads the same with TLS and without.
    try:
        secured = trio.SSLStream(stream, tls, server_hostname=address.host, https_compatible=True)
        await secured.do_handshake()
    except trio.BrokenResourceError as error:
        await trio.aclose_forcefully(stream)
        raise OSError(f"no TLS with {address}: {error.__cause__ or 'the server hung up'}") from error
    except BaseException:  # cancelled, or a context that is not for clients
        with trio.CancelScope(shield=True):  # waits for nothing
            await trio.aclose_forcefully(stream)
        raise
    return secured
