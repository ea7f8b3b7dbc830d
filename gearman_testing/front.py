"""What stands between a test's clients and its broker: records what is submitted, and misbehaves as it is told to."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

import trio

from gearman_testing.records import PriorityName, RecordedJob
from protocol import (
    Connection,
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    Packet,
    Priority,
    RemoteProtocolError,
    Role,
    Signal,
    SubmitJob,
    SubmitJobEpoch,
    SubmitJobSched,
    SubmitReduceJob,
    TextLine,
)

__all__ = ["Front", "Manner"]

Submit: TypeAlias = SubmitJob | SubmitJobEpoch | SubmitJobSched | SubmitReduceJob

PRIORITIES: Final[dict[Priority, PriorityName]] = {
    Priority.HIGH: "high",
    Priority.NORMAL: "normal",
    Priority.LOW: "low",
}

REFUSAL: Final = Error(ErrorCode.QUEUE_ERROR, b"refused, as the test wants it")


class Manner(Enum):
    """How the broker seems to behave."""

    WELL = "is well"
    REFUSES = "refuses"
    HANGS_UP = "hangs up"
    LATE = "is late"
    SILENT = "is silent"


class Front:
    """Every connection to the broker of one test passes here."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._manner = Manner.WELL
        self._late_seconds = 0.0
        self._connections: set[trio.CancelScope] = set()
        # A refused submit travels as this echo, so that its refusal comes in the order of all answers.
        self._refused = secrets.token_bytes(16)
        self.submitted: list[RecordedJob] = []

    def behave(self, manner: Manner, late_seconds: float) -> None:
        """From now on."""
        self._manner, self._late_seconds = manner, late_seconds
        if manner is Manner.HANGS_UP:
            for connection in tuple(self._connections):
                connection.cancel()

    async def serve(self, near: trio.SocketStream) -> None:
        """One connection, from its first byte to its last."""
        if self._manner is Manner.HANGS_UP:
            return
        with trio.CancelScope() as scope, suppress(OSError):
            self._connections.add(scope)
            try:
                async with await trio.open_tcp_stream("127.0.0.1", self._behind) as far:
                    await self._pass_on(Talk(near, far))
            finally:
                self._connections.discard(scope)

    async def _pass_on(self, talk: "Talk") -> None:
        """Both directions, until one end is gone or cannot speak; then the other one is closed, too."""
        async with trio.open_nursery() as nursery:

            async def until_it_ends(direction: Callable[[Talk], Awaitable[None]]) -> None:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError, RemoteProtocolError):
                    await direction(talk)
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_it_ends, self._requests)
            nursery.start_soon(until_it_ends, self._answers)

    async def _requests(self, talk: "Talk") -> None:
        heard, said = Connection(Role.BROKER), Connection(Role.PEER)
        async for data in talk.near:
            heard.receive_data(data)
            while not isinstance(event := heard.next_event(), Signal):
                if self._manner is Manner.SILENT:
                    continue
                if isinstance(event, TextLine):
                    talk.in_text = True
                    await talk.far.send_all(event.line + b"\r\n")
                else:
                    await talk.far.send_all(said.send(self._noted(event)))

    def _noted(self, packet: Packet) -> Packet:
        """What is said to the broker instead; a submit that gets there is recorded."""
        if not isinstance(packet, Submit):
            return packet
        if self._manner is Manner.REFUSES:
            return EchoReq(self._refused)
        self.submitted.append(_recorded(packet))
        return packet

    async def _answers(self, talk: "Talk") -> None:
        heard, said = Connection(Role.PEER), Connection(Role.BROKER)
        async for data in talk.far:
            if self._manner is Manner.LATE:
                await trio.sleep(self._late_seconds)
            if self._manner is Manner.SILENT:
                continue
            if talk.in_text:
                await talk.near.send_all(data)
                continue
            heard.receive_data(data)
            while not isinstance(event := heard.next_event(), Signal | TextLine):
                await talk.near.send_all(said.send(REFUSAL if event == EchoRes(self._refused) else event))


@dataclass(slots=True)
class Talk:
    """A connection and its continuation to the broker."""

    near: trio.SocketStream
    far: trio.SocketStream
    in_text: bool = False
    """A text command was said, and from here on the broker's answers are text."""


def _recorded(submit: Submit) -> RecordedJob:
    match submit:
        case SubmitJob(function, unique, payload, priority, background):
            return RecordedJob(function, payload, unique, PRIORITIES[priority], background)
        case SubmitReduceJob():
            reducer = submit.reducer
            return RecordedJob(
                submit.function, submit.payload, submit.unique, "normal", submit.background, reducer=reducer
            )
        case SubmitJobEpoch() | SubmitJobSched():
            return RecordedJob(submit.function, submit.payload, submit.unique, delayed=True)
