"""A peer that says and hears exactly what a test tells it to: for dialogues with a real broker."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import trio

from protocol import (
    CLOSED,
    NEED_DATA,
    CanDo,
    Connection,
    Event,
    GetStatusUnique,
    GrabJobAll,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    Packet,
    PreSleep,
    Role,
    StatusResUnique,
    SubmitJob,
)
from tests.certified import certified

__all__ = ["PATIENCE_SECONDS", "Peer", "open_peer", "open_tls_peer"]

PATIENCE_SECONDS = 20.0
RECEIVE_BYTES = 65_536

Heard = TypeVar("Heard")


class HungUpError(Exception):
    """The broker closed the connection while something was waited for."""


class Peer:
    """One end of a stream to a broker."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._connection = Connection(Role.PEER)

    async def say(self, *packets: Packet) -> None:
        """Say these in one write."""
        await self.say_bytes(self.encoded(*packets))

    def encoded(self, *packets: Packet) -> bytes:
        """These as bytes."""
        return b"".join(map(self._connection.send, packets))

    async def say_bytes(self, data: bytes) -> None:
        """Say just this."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self.stream.send_all(data)

    async def hear(self) -> Event:
        """The next packet, waiting for it. Raises HungUpError when there is none and will be none."""
        with trio.fail_after(PATIENCE_SECONDS):
            while (event := self._connection.next_event()) is NEED_DATA:
                self._connection.receive_data(await self.stream.receive_some(RECEIVE_BYTES))
        if event is CLOSED:
            raise HungUpError
        return event

    async def ask(self, *packets: Packet) -> Event:
        """Say these, and hear one packet."""
        await self.say(*packets)
        return await self.hear()

    async def expect(self, kind: type[Heard]) -> Heard:
        """The next packet, which must be of this kind."""
        event = await self.hear()
        assert isinstance(event, kind), f"{event} in the place of a {kind.__name__}"
        return event

    async def submit(self, function: bytes, payload: bytes = b"", unique: bytes = b"", **more: object) -> bytes:
        """Submit a foreground job, or as `more` says, and return its handle."""
        await self.say(SubmitJob(function, unique, payload, **more))  # type: ignore[arg-type]  # it checks their names
        return (await self.expect(JobCreated)).handle

    async def submit_background(
        self, function: bytes, payload: bytes = b"", unique: bytes = b"", **more: object
    ) -> bytes:
        """Submit a background job and return its handle."""
        return await self.submit(function, payload, unique, background=True, **more)

    async def can_do(self, *functions: bytes) -> None:
        """Register these functions; the last is asked first."""
        await self.say(*map(CanDo, functions))

    async def grab(self) -> JobAssignUniq:
        """Ask for a job, which must be there."""
        await self.say(GrabJobAll())
        return await self.expect(JobAssignUniq)

    async def take(self) -> JobAssignUniq:
        """Work as workers do: ask for a job, and while there is none, sleep until woken."""
        while isinstance(answer := await self.ask(GrabJobAll()), NoJob):
            assert await self.ask(PreSleep()) == Noop()
        assert isinstance(answer, JobAssignUniq)
        return answer

    async def finds_nothing(self) -> bool:
        """Ask for a job, and tell that there is none."""
        return await self.ask(GrabJobAll()) == NoJob()

    async def fall_asleep(self) -> None:
        """Find no work and sleep; when this returns, the broker knows."""
        assert await self.finds_nothing()
        await self.say(PreSleep())
        assert await self.heard() == []

    async def heard(self) -> list[Event]:
        """What the broker has said until now: until it answers a question that goes to its store and back."""
        await self.say(GetStatusUnique(b"nobody has this"))
        events: list[Event] = []
        while not isinstance(event := await self.hear(), StatusResUnique):
            events.append(event)
        return events

    async def ask_in_text(self, line: bytes) -> bytes:
        """One text command and its reply, a list with its last line."""
        await self.say_bytes(line + b"\r\n")
        return await self.hear_text()

    async def hear_text(self) -> bytes:
        """A reply in text, a list with its last line."""
        return await self.hear_bytes(
            lambda reply: reply.endswith(b"\n.\n") or reply == b".\n" or reply.startswith((b"OK", b"ERR"))
        )

    async def hear_bytes(self, enough: Callable[[bytes], bool]) -> bytes:
        """What comes next, as it is, in as many pieces as it takes to be enough."""
        heard = b""
        with trio.fail_after(PATIENCE_SECONDS):
            while not enough(heard):
                piece = bytes(await self.stream.receive_some(RECEIVE_BYTES))
                assert piece, f"the broker hung up after {heard!r}"
                heard += piece
        return heard

    async def bytes_to_the_end(self) -> bytes:
        """All that the broker still says before it closes the connection, as it is."""
        said = b""
        with trio.fail_after(PATIENCE_SECONDS), suppress(trio.BrokenResourceError):
            while piece := bytes(await self.stream.receive_some(RECEIVE_BYTES)):
                said += piece
        return said

    async def say_no_more(self) -> None:
        """Close our side of the connection alone, and go on listening."""
        assert isinstance(self.stream, trio.abc.HalfCloseableStream)
        await self.stream.send_eof()

    async def is_hung_up_on(self) -> list[Event]:
        """Wait until the broker closes the connection; what it said before."""
        events: list[Event] = []
        while True:
            try:
                events.append(await self.hear())
            except (HungUpError, trio.BrokenResourceError):
                return events

    async def repeat_until_cut_off(
        self, data: bytes, between: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint
    ) -> None:
        """Say this again and again without ever reading, until the broker has closed the connection."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                try:
                    await self.stream.send_all(data)
                except trio.BrokenResourceError:
                    return
                await between()

    async def leave(self) -> None:
        """Hang up."""
        await self.stream.aclose()


@asynccontextmanager
async def open_tls_peer(address: tuple[str, int]) -> AsyncIterator[Peer]:
    """A connection in TLS to a broker with the certificate of `tests.certified`. Its end is not said."""
    raw = await trio.open_tcp_stream(*address)
    async with trio.SSLStream(raw, certified().trusting, server_hostname="localhost", https_compatible=True) as stream:
        yield Peer(stream)


@asynccontextmanager
async def open_peer(address: tuple[str, int]) -> AsyncIterator[Peer]:
    """A connection to a broker, for the length of the block."""
    stream = await trio.open_tcp_stream(*address)
    async with stream:
        yield Peer(stream)
