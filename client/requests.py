"""Asking until there is an answer: which failures are met by asking again, and which are the caller's to know."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from client.awaiting import AwaitedAttachment, AwaitedSlot
from client.connector import Connector
from client.errors import CannotConnectError, ConnectionLostError
from client.repeating import Repeating
from client.session import Session
from client.slot import Answer, NotSentError
from client.submission import BackgroundJob, Submission
from protocol import Connection, EchoRes, JobCreated, Packet, Role, StatusRes, StatusResUnique

__all__ = ["Requests"]

AnswerT = TypeVar("AnswerT", StatusRes, StatusResUnique, EchoRes)
ResultT = TypeVar("ResultT")


class Requests:
    """What a client asks, over whichever connection there is."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._wire = Connection(Role.PEER)  # encodes in the caller's task: a wrong argument is the caller's

    async def ask(self, packet: Packet, expected: type[AnswerT]) -> AnswerT:
        """Asks a question, and returns the answer."""
        data = self._wire.send(packet)

        async def ask(session: Session) -> Answer:
            return await session.ask(AwaitedSlot(data, expected))

        answer = await self._on_a_connection(ask, repeatable=False)
        assert isinstance(answer, expected)  # the demultiplexer has seen to it
        return answer

    async def submit(self, job: BackgroundJob) -> bytes:
        """Submits a job nobody waits for, and returns its handle."""

        async def ask(session: Session) -> Answer:
            return await session.ask(AwaitedSlot(job.data, JobCreated))

        answer = await self._on_a_connection(ask, job.repeatable)
        assert isinstance(answer, JobCreated)
        return answer.handle

    async def attach(self, job: Submission, attachment: AwaitedAttachment) -> tuple[Session, AwaitedSlot]:
        """Submits a job we want to hear of; the caller must tell the session when it leaves the slot."""

        async def attach(session: Session) -> tuple[Session, AwaitedSlot]:
            slot = AwaitedSlot(job.data, JobCreated, attachment)
            await session.attach(slot)
            return session, slot

        return await self._on_a_connection(attach, job.repeatable)

    async def post(self, job: BackgroundJob) -> AwaitedSlot:
        """Submits without waiting for the answer, which the slot will have; CannotConnectError or NotSentError."""
        session = await self._connector.session()
        slot = AwaitedSlot(job.data, JobCreated)
        await session.post(slot)
        return slot

    async def _on_a_connection(self, ask: Callable[[Session], Awaitable[ResultT]], repeatable: bool) -> ResultT:
        """Asks until it was sent, and once more after an answer was lost if that is safe."""
        repeating = Repeating(repeatable)
        while True:
            try:
                session = await self._connector.session()
            except CannotConnectError as error:
                raise repeating.instead_of(error) from error.__cause__
            try:
                return await ask(session)
            except NotSentError:
                continue
            except ConnectionLostError as error:
                repeating.after(error)
