"""A wire between two ends that a test may cut, silence or slow down: a TCP proxy.

It knows nothing of what passes. `tests.faults.trap` has one that does.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import trio

RECEIVE_BYTES = 65_536

Pass = Callable[[bytes], Awaitable[None]]
"""Sends bytes on."""
AnyProxy = TypeVar("AnyProxy", bound="Proxy")


class Wire:
    """One connection through the proxy: the near end called, the far end was called."""

    def __init__(self, near: trio.SocketStream, far: trio.SocketStream) -> None:
        self.near = near
        self.far = far

    def cut(self) -> None:
        """Both ends see their connection end; what was under way to them may still arrive."""
        self.cut_near()
        self.far.socket.close()

    def cut_near(self) -> None:
        """Who called sees its connection end; the far end goes on for now."""
        self.near.socket.close()


class Proxy:
    """Passes bytes between whoever calls and one port of this machine.

    Attributes:
        port: where it is called; set by `open_proxy`.
        wires: the connections there are.
        reachable: whether a new one is accepted; else it is closed at once.
        drop_replies: throw away what the far end says.
        drop_requests: throw away what the near end says. With the other: a black hole.
        delay_seconds: how long every piece is held.
        swallowed: how many bytes were thrown away.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.wires: set[Wire] = set()
        self.reachable = True
        self.drop_replies = False
        self.drop_requests = False
        self.delay_seconds = 0.0
        self.swallowed = 0
        self._target = target

    def cut(self) -> None:
        """End every connection."""
        for wire in list(self.wires):
            wire.cut()

    def lead_to(self, target: int) -> None:
        """Whoever calls from now on gets another port."""
        self._target = target

    def heal(self) -> None:
        """All passes again."""
        self.reachable, self.drop_replies, self.drop_requests, self.delay_seconds = True, False, False, 0.0

    async def say(self, wire: Wire, data: bytes, on: Pass) -> None:
        """The near end said this."""
        if self.drop_requests:
            self.swallowed += len(data)
        else:
            await on(data)

    async def answer(self, wire: Wire, data: bytes, on: Pass) -> None:
        """The far end said this."""
        if self.drop_replies:
            self.swallowed += len(data)
        else:
            await on(data)

    async def _pass_on(self, wire: Wire, source: trio.SocketStream, target: trio.SocketStream) -> None:
        through = self.say if source is wire.near else self.answer
        while data := await source.receive_some(RECEIVE_BYTES):
            await trio.sleep(self.delay_seconds)
            await through(wire, bytes(data), target.send_all)

    async def _join(self, near: trio.SocketStream) -> None:
        async with near:
            if not self.reachable:
                return
            async with await trio.open_tcp_stream("127.0.0.1", self._target) as far:
                wire = Wire(near, far)
                self.wires.add(wire)
                try:
                    await self._both_ways(wire)
                finally:
                    self.wires.discard(wire)

    async def _both_ways(self, wire: Wire) -> None:
        async def one_way(source: trio.SocketStream, target: trio.SocketStream) -> None:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._pass_on(wire, source, target)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one_way, wire.near, wire.far)
            nursery.start_soon(one_way, wire.far, wire.near)

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Accept until cancelled."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listener.socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._survive, [listener])
            task_status.started()

    async def _survive(self, near: trio.SocketStream) -> None:
        try:
            await self._join(near)
        except OSError:
            await near.aclose()  # nobody listens there now


@asynccontextmanager
async def open_proxy(proxy: AnyProxy) -> AsyncIterator[AnyProxy]:
    """Serve for the length of the block; its end cuts every wire."""
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: proxy.serve(task_status=task_status))
        yield proxy
        nursery.cancel_scope.cancel()
