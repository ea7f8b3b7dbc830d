"""A broker that runs inside the test, on a real store, and the peers that talk to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from typing import TypeAlias

import trio

from broker.app import open_broker
from broker.core import Broker
from broker.settings import Settings
from persistence.io_wait import own_io_wait
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.servers import RedisServer

__all__ = ["OpenRunning", "Running", "impatient", "open_running", "standing_still", "unasked"]

PATIENT = 0.4
"""Seconds a submit waits for a store that is away, where a test has it wait in vain."""


class Running:
    """The broker, and connections to it that end with the test."""

    def __init__(self, broker: Broker, peers: AsyncExitStack) -> None:
        self.broker = broker
        self._peers = peers

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self.broker.addresses[0]

    async def peer(self) -> Peer:
        """A new connection that has said nothing yet."""
        return await self._peers.enter_async_context(open_peer(self.address))

    async def worker(self, *functions: bytes) -> Peer:
        """A new connection that can do these functions; the last is asked first."""
        peer = await self.peer()
        await peer.can_do(*functions)
        return peer

    async def sleeper(self, *functions: bytes) -> Peer:
        """A worker that has found nothing and sleeps."""
        worker = await self.worker(*functions)
        await worker.fall_asleep()
        return worker

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this is so; every look at it is a turn of all tasks."""
        with trio.fail_after(PATIENCE_SECONDS):
            while not condition():
                await self._turn()

    async def settled(self) -> None:
        """Wait until the store has answered all that it was asked, without asking it anything."""
        with trio.fail_after(PATIENCE_SECONDS):
            while (asked := self.broker.store.pipe.statistics()).in_flight or asked.unsent_bytes:
                await trio.lowlevel.checkpoint()

    async def _turn(self) -> None:
        # A trip to the store is a wait for something real, so that looking again does not burn the processor.
        await self.broker.store.pipe.wait_connected()
        await self.broker.store.pipe.ask(b"PING")


OpenRunning: TypeAlias = Callable[..., AbstractAsyncContextManager[Running]]
"""Opens a broker; takes fields of its settings."""


@asynccontextmanager
async def open_running(settings: Settings, *, like_a_process: bool = False) -> AsyncIterator[Running]:
    """A broker with these settings for the length of the block; it may wait as one that is a process of its own."""
    async with (
        own_io_wait() if like_a_process else nullcontext(),
        open_broker(settings) as broker,
        AsyncExitStack() as peers,
    ):
        yield Running(broker, peers)


@contextmanager
def impatient(one: Running) -> Iterator[None]:
    """A block in which nobody waits long for the store: it is away all the while.

    A store that is there is given its time: with that little of it, on a busy machine, it would be taken for away.
    """
    link = one.broker.store.link
    patience, link.store_timeout_seconds = link.store_timeout_seconds, PATIENT
    try:
        yield
    finally:
        link.store_timeout_seconds = patience


@contextmanager
def standing_still(server: RedisServer) -> Iterator[None]:
    """A block in which the store answers nothing."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


async def unasked(condition: Callable[[], bool]) -> None:
    """Wait until this is so, without asking a store that stands still."""
    with trio.fail_after(PATIENCE_SECONDS):
        while not condition():
            await trio.lowlevel.checkpoint()
