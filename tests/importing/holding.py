"""A way to Redis that lets so many bytes pass and then holds, so that a test can kill who waits, in the middle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import trio

from tests.servers import RedisServer

PIECE_BYTES = 4096


class HoldingWay:
    """Listens at `url`; `held` is set when nothing passes towards Redis any more."""

    def __init__(self, server: RedisServer, passing_bytes: int) -> None:
        self.held = trio.Event()
        self.port = 0
        self._path: Path = server.unix_path
        self._left = passing_bytes

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def serve(self, client: trio.SocketStream) -> None:
        """One connection, both ways."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with client, await trio.open_unix_socket(self._path) as server, trio.open_nursery() as nursery:
                nursery.start_soon(self._back, server, client)
                while piece := await client.receive_some(PIECE_BYTES):
                    self._left -= len(piece)
                    if self._left < 0:
                        self.held.set()
                        await trio.sleep_forever()
                    await server.send_all(piece)
                nursery.cancel_scope.cancel()

    async def _back(self, server: trio.SocketStream, client: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while piece := await server.receive_some(PIECE_BYTES):
                await client.send_all(piece)


@asynccontextmanager
async def open_holding_way(server: RedisServer, passing_bytes: int) -> AsyncIterator[HoldingWay]:
    """Open one for the length of the block."""
    way = HoldingWay(server, passing_bytes)
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        way.port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, way.serve, [listener])
        yield way
        nursery.cancel_scope.cancel()
