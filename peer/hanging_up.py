"""The end of a connection, heard by the other side in any case."""

import os
import socket
from contextlib import suppress

import trio

__all__ = ["hang_up"]


def hang_up(stream: trio.abc.Stream, process: int) -> None:
    """Ends a connection that is about to be closed.

    To close our socket ends nothing while a process that was forked has a copy of it: the server would keep a job for a
    worker that is gone, and run one that nobody waits for any more. In such a process nothing is ended, for there the
    connection is its parent's.

    Args:
        stream: plain or TLS, or one without a socket.
        process: the one that opened it.
    """
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if isinstance(transport, trio.SocketStream) and process == os.getpid():
        with suppress(OSError):  # the server was first
            transport.socket.shutdown(socket.SHUT_RDWR)
