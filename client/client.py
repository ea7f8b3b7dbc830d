"""The public client: what can be asked of a Gearman server, and what is true afterwards."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from client.arguments import as_bytes, checked_handle, checked_unique, unix_seconds
from client.attachment import Attachment
from client.connector import Connector
from client.errors import CannotConnectError, ConnectionLostError, ResultTooLargeError
from client.job import FollowedJob
from client.records import Status, UniqueStatus
from client.session import Session
from client.slot import Answer, NotSentError, Slot
from client.updates import PartialResult, UpdateBuffer
from protocol import (
    Connection,
    EchoReq,
    EchoRes,
    GetStatus,
    GetStatusUnique,
    JobCreated,
    Packet,
    Priority,
    Role,
    StatusRes,
    StatusResUnique,
    SubmitJob,
    SubmitJobEpoch,
)

__all__ = ["Client"]

UNREAD_BYTES = 16 * 1024 * 1024
"""Of one followed job's updates: a worker's burst fits, and a hundred jobs that nobody reads still fit memory."""

AnswerT = TypeVar("AnswerT", JobCreated, StatusRes, StatusResUnique, EchoRes)
ResultT = TypeVar("ResultT")


class Client:
    """A client of one Gearman server; `open_client` makes one.

    Any number of tasks may use it at the same time.

    All requests and jobs share one connection. When it is lost, everything under way raises
    ConnectionLostError, and the next use connects again: one attempt, after a short random pause that grows
    with each failure (at most two seconds), and CannotConnectError if it fails. A request of which no byte
    had left is not lost: it moves to the next connection by itself.

    Names and uniques are bytes or text (sent as UTF-8), payloads too. Every method may raise, besides what it
    lists: CannotConnectError, ConnectionLostError, RefusedError (the server answered ERROR), ValueError or
    protocol.LocalProtocolError (an argument that cannot be sent; nothing was), trio.ClosedResourceError (the
    client is closed).
    """

    def __init__(self, connector: Connector, max_body: int) -> None:
        self._connector = connector
        self._max_body = max_body
        self._wire = Connection(Role.PEER)  # encodes in the caller's task: a wrong argument is the caller's

    async def submit_background(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        unique: bytes | str = b"",
        priority: Priority = Priority.NORMAL,
        run_at: datetime | int | None = None,
    ) -> bytes:
        """Queues a job that nobody waits for, and returns its handle once the server has accepted it.

        Args:
            function: what is to be done.
            payload: what it is to be done with.
            unique: at most 63 bytes; while a job of this function and unique is not over, the submit joins
                it.
            priority: within the function.
            run_at: not before then; a datetime with a time zone, or unix seconds. Such jobs have normal
                priority.

        Cancelled or ConnectionLostError: if the submit had been sent, the job may or may not have been
        accepted. It is repeated, once and on a new connection, only if it has a unique: then a job that was
        accepted and is not over is joined.
        """
        packet = _background_job(function, payload, unique, priority, run_at)
        return (await self._ask(packet, JobCreated, repeatable=_is_shared(packet.unique))).handle

    async def status(self, handle: bytes | str) -> Status:
        """How the job of this handle stands; a job that is over is not known.

        Cancelled: nothing has changed.
        """
        answer = await self._ask(GetStatus(checked_handle(handle)), StatusRes)
        return Status(answer.known, answer.running, answer.numerator, answer.denominator)

    async def status_by_unique(self, unique: bytes | str) -> UniqueStatus:
        """How the job with this unique stands, whatever its function. Cancelled: nothing has changed."""
        answer = await self._ask(GetStatusUnique(checked_unique(unique)), StatusResUnique)
        return UniqueStatus(answer.known, answer.running, answer.numerator, answer.denominator, answer.clients)

    async def ping(self) -> None:
        """Returns when the server has answered. Cancelled: nothing has changed."""
        await self._ask(EchoReq(b"ping"), EchoRes)

    async def call(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        unique: bytes | str = b"",
        priority: Priority = Priority.NORMAL,
    ) -> bytes:
        """Has a job done and returns its result: the data its worker sent on the way and at the end, joined.

        Raises:
            JobFailedError: the job failed; JobRaisedError, a kind of it, if its worker told an exception.
            ConnectionLostError: with a handle, the job was accepted and may have run; without, see
                `submit_background`.
            ResultTooLargeError: the data exceeded the client's `max_body`. The job is let go as if cancelled.

        If it is cancelled, the job is let go. The server drops a queued job, and never reruns a running one,
        when the last connection that waits for it closes; so ours takes no new requests from then on, and
        closes once the other calls it carries are done, at once if there are none. Others who share the job
        by its unique keep it. A job that a worker has begun is run to its end
        (docs/decisions/0010-letting-go-of-a-job.md).
        """
        parts = PartialResult(self._max_body)
        attachment = Attachment(parts.add)
        session, slot = await self._attach(_attended_job(function, payload, unique, priority), attachment)
        try:
            while not (attachment.over or parts.too_large):
                await attachment.wait_news()
            if parts.too_large:
                raise ResultTooLargeError(f"the result of job {attachment.handle!r} exceeds {self._max_body} bytes")
            return parts.joined_with(await attachment.wait_end())
        finally:
            session.leave(slot)

    @asynccontextmanager
    async def follow(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        unique: bytes | str = b"",
        priority: Priority = Priority.NORMAL,
        unread_bytes: int = UNREAD_BYTES,
    ) -> AsyncIterator[FollowedJob]:
        """Has a job done and watches it: ``async with client.follow(...) as job``, see `FollowedJob`.

        The block is entered when the server has accepted the job. Updates that are not read are kept up to
        `unread_bytes` (progress only the latest); then they are lost, the iteration raises
        UpdatesOverrunError, and the result is still there.

        Cancelled, or the block left before the job's end: the job is let go, as in `call`.
        """
        updates = UpdateBuffer(unread_bytes)
        attachment = Attachment(updates.add)
        session, slot = await self._attach(_attended_job(function, payload, unique, priority), attachment)
        try:
            yield FollowedJob(attachment, updates)
        finally:
            session.leave(slot)

    async def _ask(self, packet: Packet, expected: type[AnswerT], *, repeatable: bool = False) -> AnswerT:
        data = self._wire.send(packet)

        async def ask(session: Session) -> Answer:
            return await session.ask(Slot(data, expected))

        answer = await self._on_a_connection(ask, repeatable)
        assert isinstance(answer, expected)  # the demultiplexer has seen to it
        return answer

    async def _attach(self, packet: SubmitJob, attachment: Attachment) -> tuple[Session, Slot]:
        data = self._wire.send(packet)

        async def attach(session: Session) -> tuple[Session, Slot]:
            slot = Slot(data, JobCreated, attachment)
            await session.attach(slot)
            return session, slot

        return await self._on_a_connection(attach, _is_shared(packet.unique))

    async def _on_a_connection(self, ask: Callable[[Session], Awaitable[ResultT]], repeatable: bool) -> ResultT:
        """Asks until it was sent, and once more after an answer was lost if that is safe."""
        lost: ConnectionLostError | None = None
        while True:
            try:
                session = await self._connector.session()
            except CannotConnectError as error:
                if lost is not None:
                    raise lost from error  # it was sent once: "nothing was sent" would be untrue
                raise
            try:
                return await ask(session)
            except NotSentError:
                continue
            except ConnectionLostError as error:
                if lost is not None or not repeatable:
                    raise
                lost = error


def _attended_job(function: bytes | str, payload: bytes | str, unique: bytes | str, priority: Priority) -> SubmitJob:
    return SubmitJob(as_bytes(function), checked_unique(unique), as_bytes(payload), priority)


def _background_job(
    function: bytes | str,
    payload: bytes | str,
    unique: bytes | str,
    priority: Priority,
    run_at: datetime | int | None,
) -> SubmitJob | SubmitJobEpoch:
    if run_at is None:
        return SubmitJob(as_bytes(function), checked_unique(unique), as_bytes(payload), priority, background=True)
    if priority is not Priority.NORMAL:
        raise ValueError("a job with run_at has normal priority: SUBMIT_JOB_EPOCH knows no other")
    return SubmitJobEpoch(as_bytes(function), checked_unique(unique), unix_seconds(run_at), as_bytes(payload))


def _is_shared(unique: bytes) -> bool:
    """Does an equal submit join this job? With ``-`` too, yet not if the payload is empty: better safe."""
    return unique not in (b"", b"-")
