"""A peer that writes into the ledger whatever it hears, also what it hears only when its broker is gone."""

import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import trio

from protocol import (
    EchoReq,
    EchoRes,
    Error,
    Event,
    JobAssignUniq,
    JobCreated,
    RemoteProtocolError,
    SetClientId,
    StatusRes,
    SubmitJobEpoch,
    WorkComplete,
    WorkFail,
)
from tests.broker.peers import PATIENCE_SECONDS, RECEIVE_BYTES, HungUpError, Peer
from tests.faults.ledger import Ledger


class RefusedError(Exception):
    """The broker answered with an ERROR."""


GONE: Final = (
    HungUpError, RefusedError, RemoteProtocolError, trio.BrokenResourceError, trio.ClosedResourceError, OSError,
)  # fmt: skip
"""What a peer meets whose broker goes."""


class Books:
    """What all witnesses of one walk have heard.

    Attributes:
        ledger: of what nobody waits for.
        over: the handles of jobs whose end somebody was told; none of them may be handed out any more.
    """

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.over: set[bytes] = set()


class Witness(Peer):
    """See Peer.

    Attributes:
        name: what its broker calls it.
        waits_for: the handles of jobs whose end it is owed.
    """

    def __init__(self, stream: trio.abc.Stream, name: bytes, books: Books) -> None:
        super().__init__(stream)
        self.name = name
        self.waits_for: set[bytes] = set()
        self._books = books
        self._submitted: deque[tuple[bytes, bool]] = deque()
        self._speaks_text = False

    async def hear(self) -> Event:
        """The next packet, noted. Raises RefusedError for an ERROR."""
        event = await super().hear()
        self._note(event)
        return event

    async def submit(self, function: bytes, payload: bytes = b"", unique: bytes = b"", **more: object) -> bytes:
        """See Peer."""
        self._submitted.append((payload, bool(more.get("background"))))
        return await super().submit(function, payload, unique, **more)

    async def submit_at(self, seconds: int, function: bytes, payload: bytes, unique: bytes) -> None:
        """Hand in a job for later; unix seconds."""
        self._submitted.append((payload, True))
        await self.say(SubmitJobEpoch(function, unique, run_at=seconds, payload=payload))
        await self.expect(JobCreated)

    async def hear_text(self) -> bytes:
        """A reply in text, a list with its last line. Raises HungUpError in the place of the rest of it."""
        self._speaks_text = True
        reply = b""
        with trio.fail_after(PATIENCE_SECONDS):
            while not (reply.endswith(b"\n.\n") or reply == b".\n" or reply.startswith((b"OK", b"ERR"))):
                piece = bytes(await self.stream.receive_some(RECEIVE_BYTES))
                if not piece:
                    raise HungUpError
                reply += piece
        return reply

    async def hear_the_rest(self) -> None:
        """Note what the broker said before it went."""
        if self._speaks_text:
            return
        with suppress(*GONE):
            while True:
                await self.hear()

    async def hear_the_end(self) -> None:
        """Wait until it has heard how all ended that it waits for."""
        while self.waits_for:
            await self.hear()

    def _note(self, event: Event) -> None:
        match event:
            case JobCreated(handle):
                payload, in_the_background = self._submitted.popleft()
                if in_the_background:
                    self._books.ledger.accepted(payload, handle)
                else:
                    self.waits_for.add(handle)
            case JobAssignUniq(handle=handle):
                assert handle not in self._books.over, f"{handle!r} was over, and is handed out"
                self._books.ledger.handed_out(event)
            case WorkComplete(handle=handle) | WorkFail(handle=handle):
                self.waits_for.discard(handle)
                self._books.over.add(handle)
            case StatusRes(handle=handle, known=False):
                self._books.over.add(handle)
            case Error():
                raise RefusedError(event.text)


@asynccontextmanager
async def open_witness(
    address: tuple[str, int], name: bytes, books: Books, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Witness]:
    """A connection to a broker that knows it by this name, for the length of the block."""
    stream: trio.abc.Stream = await trio.open_tcp_stream(*address)
    if tls is not None:
        stream = trio.SSLStream(stream, tls, server_hostname="localhost", https_compatible=True)
    async with stream:
        witness = Witness(stream, name, books)
        await witness.say(SetClientId(name))
        assert await witness.ask(EchoReq(name)) == EchoRes(name)
        yield witness
