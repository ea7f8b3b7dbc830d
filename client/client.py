"""The public client: what can be asked of a Gearman server, and what is true afterwards."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar, Unpack, overload

from client.admin import Admin
from client.arguments import checked_handle, checked_unique
from client.awaiting import AwaitedAttachment
from client.connector import Connector
from client.defaults import UNREAD_BYTES
from client.errors import ResultTooLargeError
from client.job import FollowedJob
from client.pipeline import SubmitPipeline
from client.records import Status, UniqueStatus
from client.requests import Requests
from client.results import result_reader
from client.submission import BackgroundJob, JobOptions, When, attended_submission, background_job, encoded_job
from client.updates import PartialResult, UpdateBuffer
from client.waiting import wait_until_over
from peer import Function
from protocol import EchoReq, EchoRes, GetStatus, GetStatusUnique, StatusRes, StatusResUnique

__all__ = ["Client"]

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")


class Client:
    """A client of a Gearman server, or of several that stand in for one another; `open_client` makes one.

    Any number of tasks may use it at the same time.

    All requests and jobs share one connection. When it is lost, everything under way raises
    ConnectionLostError, and the next use connects again, to the next server if there are several: one attempt,
    after a short random pause that grows with each failure (at most two seconds), and CannotConnectError if no
    server answers. A request of which no byte had left is not lost: it moves to the next connection by itself.

    A function is a name (bytes or text), and its payload and result are bytes (a payload may be text, sent as
    UTF-8); or it is a `Function`, and payload and result are what that declares. Every method that submits takes
    the options of `JobOptions` by keyword: `unique`, `priority`, `reducer`.

    Every method may raise, besides what it lists: CannotConnectError, ConnectionLostError, RefusedError (the
    server answered ERROR), ValueError, PayloadError or protocol.LocalProtocolError (an argument that cannot be
    sent; nothing was), trio.ClosedResourceError (the client is closed).

    Attributes:
        admin: asks the server about itself, see `Admin`.

    Example:
        async def greet(client: Client) -> bytes:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org", priority=Priority.LOW)
            return await client.call("resize", b"a picture")

        print(await greet(client))
    """

    def __init__(self, connector: Connector, *, max_body: int, in_flight: int) -> None:
        self.admin: Admin = Admin(connector)
        self._requests = Requests(connector)
        self._max_body = max_body
        self._in_flight = in_flight

    @overload
    async def submit_background(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        run_at: When | None = None,
        **options: Unpack[JobOptions],
    ) -> bytes: ...

    @overload
    async def submit_background(
        self,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        run_at: When | None = None,
        **options: Unpack[JobOptions],
    ) -> bytes: ...

    async def submit_background(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        run_at: When | None = None,
        **options: Unpack[JobOptions],
    ) -> bytes:
        """Queues a job that nobody waits for, and returns its handle once the server has accepted it.

        Args:
            function: what is to be done.
            payload: what it is to be done with.
            run_at: not before then, see `submit_at`.
            options: see `JobOptions`.

        Cancelled or ConnectionLostError: if the submit had been sent, the job may or may not have been
        accepted. It is repeated, once and on a new connection, only if it has a unique: then a job that was
        accepted and is not over is joined.

        Example:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org", priority=Priority.HIGH)
        """
        return await self._requests.submit(background_job(function, payload, run_at, options))

    @overload
    async def submit_at(
        self, when: When, function: bytes | str, payload: bytes | str, *, unique: bytes | str = b""
    ) -> bytes: ...

    @overload
    async def submit_at(
        self,
        when: When,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        unique: bytes | str = b"",
    ) -> bytes: ...

    async def submit_at(
        self,
        when: When,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        unique: bytes | str = b"",
    ) -> bytes:
        """As `submit_background`, for a job that is to run at a time or soon after, never before.

        Args:
            when: a datetime with a time zone, or unix seconds: one that has passed means now. Or a `CalendarMinute`.
            function: what is to be done.
            payload: what it is to be done with.
            unique: see `JobOptions`. Such jobs have normal priority.

        Example:
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            handle = await client.submit_at(tomorrow, "sendEmail", b"to: ann@example.org", unique="reminder-17")
        """
        return await self._requests.submit(background_job(function, payload, when, {"unique": unique}))

    def submit_many(self, jobs: Iterable[BackgroundJob]) -> SubmitPipeline:
        """Queues many jobs that nobody waits for: an async iterator of a `Submitted` for each, in their order.

        Jobs are taken from the iterable, and submitted in its order, as the iteration goes on; the client's `in_flight`
        bounds how many more than were handed out. So hundreds of thousands need neither memory nor a task for
        each. A job that is refused, or that no server is there for, is an outcome with an error, and the iteration
        goes on with the next; break off if that is of no use.

        Cancelled, or the iteration broken off: jobs that were taken from the iterable may or may not have been
        accepted. A connection that is lost: as in `submit_background`, for each.

        Example:
            jobs = (BackgroundJob("sendEmail", f"to: {name}@example.org") for name in ("ann", "ben", "cleo"))
            async for submitted in client.submit_many(jobs):
                if submitted.error is not None:
                    print(submitted.job.packet.payload, "was not queued:", submitted.error)
        """
        return SubmitPipeline(self._requests, jobs, self._in_flight)

    async def status(self, handle: bytes | str) -> Status:
        """How the job of this handle stands; a job that is over is not known.

        Cancelled: nothing has changed.

        Example:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org")
            status = await client.status(handle)
            print(status.numerator, "of", status.denominator, "done" if status.known else "over")
        """
        answer = await self._requests.ask(GetStatus(checked_handle(handle)), StatusRes)
        return Status(answer.known, answer.running, answer.numerator, answer.denominator)

    async def status_by_unique(self, unique: bytes | str) -> UniqueStatus:
        """How the job with this unique stands, whatever its function. Cancelled: nothing has changed.

        Example:
            if not (await client.status_by_unique("mail-17")).known:
                await client.submit_background("sendEmail", b"to: ann@example.org", unique="mail-17")
        """
        answer = await self._requests.ask(GetStatusUnique(checked_unique(unique)), StatusResUnique)
        return UniqueStatus(answer.known, answer.running, answer.numerator, answer.denominator, answer.clients)

    async def wait(self, handle: bytes | str) -> None:
        """Returns when the job of this handle is over, by asking for its status again and again.

        A server tells nobody how a background job ended, and knows only that it does not know it any more: the
        job may have been done, have failed, or never have been. Asks at first 20 times a second, later once in two
        seconds. Goes on when the connection is lost, also while no server is there or its store is away: bound it by
        trio.fail_after.

        Cancelled: nothing has changed.

        Example:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org")
            with trio.move_on_after(60):
                await client.wait(handle)
        """
        await wait_until_over(self, handle)

    async def ping(self) -> None:
        """Returns when the server has answered. Cancelled: nothing has changed.

        Example:
            with trio.fail_after(1):
                await client.ping()
        """
        await self._requests.ask(EchoReq(b"ping"), EchoRes)

    @overload
    async def call(self, function: bytes | str, payload: bytes | str, **options: Unpack[JobOptions]) -> bytes: ...

    @overload
    async def call(
        self, function: Function[PayloadT, ResultT], payload: PayloadT, **options: Unpack[JobOptions]
    ) -> ResultT: ...

    async def call(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        **options: Unpack[JobOptions],
    ) -> ResultT:
        """Has a job done and returns its result: the data its worker sent on the way and at the end, joined.

        Raises:
            JobFailedError: the job failed; JobRaisedError, a kind of it, if its worker told an exception.
            ConnectionLostError: with a handle, the job was accepted and may have run; without, see
                `submit_background`.
            ResultTooLargeError: the data exceeded the client's `max_body`. The job is let go as if cancelled.
            UnreadableResultError: the job is done, and its result is not what the `Function` declares.

        If it is cancelled, the job is let go. The server drops a queued job, and never reruns a running one,
        when the last connection that waits for it closes; so ours takes no new requests from then on, and
        closes once the other calls it carries are done, at once if there are none. Others who share the job
        by its unique keep it. A job that a worker has begun is run to its end
        (docs/decisions/0010-letting-go-of-a-job.md).

        Example:
            with trio.fail_after(30):
                smaller = await client.call("resize", b"a picture")
        """
        name, data = encoded_job(function, payload)
        parts = PartialResult(self._max_body)
        attachment = AwaitedAttachment(parts.add)
        session, slot = await self._requests.attach(attended_submission(name, data, **options), attachment)
        try:
            while not (attachment.over or parts.too_large):
                await attachment.wait_news()
            if parts.too_large:
                raise ResultTooLargeError(f"the result of job {attachment.handle!r} exceeds {self._max_body} bytes")
            whole = parts.joined_with(await attachment.wait_end())
        finally:
            session.leave(slot)
        return result_reader(function)(attachment.handle, whole)

    @overload
    def follow(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        unread_bytes: int = UNREAD_BYTES,
        **options: Unpack[JobOptions],
    ) -> AbstractAsyncContextManager[FollowedJob[bytes]]: ...

    @overload
    def follow(
        self,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        unread_bytes: int = UNREAD_BYTES,
        **options: Unpack[JobOptions],
    ) -> AbstractAsyncContextManager[FollowedJob[ResultT]]: ...

    @asynccontextmanager
    async def follow(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        unread_bytes: int = UNREAD_BYTES,
        **options: Unpack[JobOptions],
    ) -> AsyncIterator[FollowedJob[ResultT]]:
        """Has a job done and watches it: ``async with client.follow(...) as job``, see `FollowedJob`.

        The block is entered when the server has accepted the job. Updates that are not read are kept up to
        `unread_bytes` (progress only the latest); then they are lost, the iteration raises
        UpdatesOverrunError, and the result is still there.

        Cancelled, or the block left before the job's end: the job is let go, as in `call`.

        Example:
            async with client.follow("resize", b"a picture") as job:
                async for update in job:
                    print(update)
                print(await job.result())
        """
        name, data = encoded_job(function, payload)
        updates = UpdateBuffer(unread_bytes)
        attachment = AwaitedAttachment(updates.add)
        session, slot = await self._requests.attach(attended_submission(name, data, **options), attachment)
        try:
            yield FollowedJob(attachment, updates, result_reader(function))
        finally:
            session.leave(slot)
