"""A server that speaks RESP and says what the test wants: for old versions, and for rudeness."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import hiredis
import trio

Says = Callable[[list[bytes]], bytes]
"""What is said to one command, as bytes on the wire."""


def as_version(version: bytes) -> Says:
    """Greets as Redis of that version does, and says OK to everything else."""

    def says(command: list[bytes]) -> bytes:
        if command[0] != b"HELLO":
            return b"+OK\r\n"
        return b"%%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$%d\r\n%b\r\n" % (
            len(version),
            version,
        )

    return says


def older_than_hello(command: list[bytes]) -> bytes:
    """Speaks like Redis 5, which knows neither HELLO nor users."""
    if command[0] == b"INFO":
        info = b"# Server\r\nredis_version:5.0.14\r\n"
        return b"$%d\r\n%b\r\n" % (len(info), info)
    if command[0] == b"AUTH":
        return b"+OK\r\n" if command[1:] == [b"secret"] else b"-ERR invalid password\r\n"
    return b"-ERR unknown command `%b`, with args beginning with: \r\n" % command[0]


@asynccontextmanager
async def scripted_server(says: Says) -> AsyncIterator[int]:
    """Serve on a port of 127.0.0.1, which is yielded, for the length of the block."""

    async def converse(stream: trio.SocketStream) -> None:
        reader = hiredis.Reader(notEnoughData=None)
        try:
            async for data in stream:
                reader.feed(bytes(data))
                while (command := reader.gets()) is not None:
                    await stream.send_all(says(command))
        except trio.BrokenResourceError:
            pass  # they hung up while we spoke
        await stream.aclose()

    async with serving(converse) as port:
        yield port


@asynccontextmanager
async def serving(converse: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """Let `converse` have every connection to the port that is yielded."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, converse, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()
