"""A worker that says exactly what a test tells it to say, for testing what is at the other end of the job."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from protocol import CanDo, Event, GrabJobUniq, JobAssignUniq, NoJob, Noop, Packet, PreSleep, Role
from protocol.stream import PacketStream
from tests.processes import ServerProcess

__all__ = ["RawWorker", "raw_worker"]

PATIENCE_SECONDS = 30.0


class RawWorker:
    """One connection that can do one function."""

    def __init__(self, packets: PacketStream) -> None:
        self._packets = packets

    async def say(self, *packets: Packet) -> None:
        """Sends packets as they are."""
        await self._packets.send(*packets)

    async def hear(self) -> Event:
        """The next thing the server says."""
        with trio.fail_after(PATIENCE_SECONDS):
            return await self._packets.receive()

    async def grab(self) -> JobAssignUniq | None:
        """Asks once; None if the server has no job."""
        await self._packets.send(GrabJobUniq())
        while True:
            match await self._packets.receive():
                case JobAssignUniq() as job:
                    return job
                case NoJob():
                    return None
                case Noop():
                    continue  # of an earlier sleep
                case other:
                    raise AssertionError(f"{other} in the place of a job")

    async def take(self) -> JobAssignUniq:
        """Waits for a job as workers do: asks, sleeps, is woken, asks again."""
        with trio.fail_after(PATIENCE_SECONDS):
            while (job := await self.grab()) is None:
                await self._packets.send(PreSleep())
                assert await self._packets.receive() == Noop()
        return job


@asynccontextmanager
async def raw_worker(server: ServerProcess, function: str) -> AsyncIterator[RawWorker]:
    """A raw worker of `function`; its jobs go back to the server at the end of the block."""
    stream = await trio.open_tcp_stream(server.host, server.port)
    async with PacketStream(stream, Role.PEER) as packets:
        await packets.send(CanDo(function.encode()))
        yield RawWorker(packets)
