"""The public client for programs without trio: what may be said to it, and what becomes of that.

Its length is that of its face. Every method is declared once for names and once for a `Function`, so that a type
checker knows what goes in and comes out, and has its example; what it does are a few lines, on `Asking`.
"""

import math
import ssl
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self, TypeVar, Unpack, overload

from client.arguments import checked_handle, checked_seconds, checked_unique, must_be_counts
from client.attachment import Attachment
from client.blocking.admin import Admin
from client.blocking.asking import Asking
from client.blocking.deadline import Deadline
from client.blocking.dialing import way_to
from client.blocking.job import FollowedJob
from client.blocking.pipeline import Pipeline
from client.blocking.pool import Pool
from client.blocking.waiting import wait_until_over
from client.defaults import CONNECT_TIMEOUT_SECONDS, IN_FLIGHT, MAX_BODY, UNREAD_BYTES
from client.errors import ResultTooLargeError
from client.records import Status, Submitted, UniqueStatus
from client.results import result_reader
from client.rota import Rota
from client.submission import BackgroundJob, JobOptions, When, attended_submission, background_job, encoded_job
from client.updates import PartialResult, UpdateBuffer
from peer import Function, parse_addresses
from peer.tls_argument import must_be_a_context
from protocol import EchoReq, EchoRes, GetStatus, GetStatusUnique, StatusRes, StatusResUnique

__all__ = ["Client"]

TIMEOUT_SECONDS = 30.0  # a broker whose store is away answers after five
MOST_CONNECTIONS = 10

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")


class Client:
    """A client of a Gearman server, or of several that stand in for one another, for programs without trio.

    It connects when it is first used, so it may be made when a module is imported. Any number of threads may use it at
    the same time; it has none of its own. A process that was forked opens connections of its own, and leaves those of
    its parent alone; a job that is followed across a fork stays with the parent.

    Every request takes a connection for itself until it is answered, and then leaves it to the next. A request that
    ends otherwise (its time is up, a KeyboardInterrupt) closes its connection: the next one can never read what was
    meant for it. A connection that ended while nobody used it is replaced without a word.

    A function is a name (bytes or text), and its payload and result are bytes (a payload may be text, sent as UTF-8);
    or it is a `Function`, and payload and result are what that declares. Every method that submits takes the options of
    `JobOptions` by keyword: `unique`, `priority`, `reducer`. Every `timeout` is in seconds; math.inf is without end.

    Every method may raise, besides what it lists: CannotConnectError (each server was asked once), ConnectionLostError,
    RefusedError (the server answered ERROR), TimedOutError (the request may or may not have been carried out),
    ValueError, PayloadError or protocol.LocalProtocolError (an argument that cannot be sent; nothing was),
    ClientClosedError, and RuntimeError (the calling thread itself uses all connections, in `follow` or `submit_many`).

    Args:
        servers: one address or several: ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``; the port is 4730 if
            left out. The client keeps to the first that answers, and goes to the next when that is lost. Give several
            only if they share their jobs, as brokers on one Redis do: a handle means nothing to another server.
        tls: whom to trust for the servers' certificates, such as ``ssl.create_default_context()``; None speaks
            plainly.
        spread: each connection goes to a server drawn by lot.
        timeout: for whatever the server itself answers: a submit, a question, and the acceptance of a job that is
            called or followed. Includes waiting for a free connection, and connecting.
        connect_timeout_seconds: for each attempt to connect to a server, its first answer included.
        most_connections: how many connections may be in use at a time; threads beyond wait for one.
        max_body: bytes; a larger packet from the server ends the connection, a larger result ends its `call`.
        in_flight: how many submits of one `submit_many` may be sent and not answered.

    Raises:
        ValueError: the arguments cannot be right.

    Attributes:
        admin: asks the server about itself, see `Admin`.

    Example:
        from client.blocking import Client

        with Client("127.0.0.1:4730") as client:
            handle = client.submit_background("sendEmail", b"to: ann@example.org")
    """

    def __init__(
        self,
        *servers: str,
        tls: ssl.SSLContext | None = None,
        spread: bool = False,
        timeout: float = TIMEOUT_SECONDS,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        most_connections: int = MOST_CONNECTIONS,
        max_body: int = MAX_BODY,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        must_be_counts(in_flight=in_flight, most_connections=most_connections, max_body=max_body)
        for seconds in (timeout, connect_timeout_seconds):
            checked_seconds(seconds)
        must_be_a_context(tls)
        rota = Rota([way_to(address, tls) for address in parse_addresses(servers)], spread=spread)
        pool = Pool(rota, most=most_connections, connect_timeout_seconds=connect_timeout_seconds, max_body=max_body)
        self.admin: Admin = Admin(pool, timeout)
        self._pool = pool
        self._asking = Asking(pool)
        self._timeout_seconds = timeout
        self._max_body = max_body
        self._in_flight = in_flight

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections; one that another thread uses when that is done. Does nothing the second time.

        Example:
            client.ping()
            client.close()
        """
        self._pool.close()

    @overload
    def submit_background(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        run_at: When | None = None,
        timeout: float | None = None,
        **options: Unpack[JobOptions],
    ) -> bytes: ...

    @overload
    def submit_background(
        self,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        run_at: When | None = None,
        timeout: float | None = None,
        **options: Unpack[JobOptions],
    ) -> bytes: ...

    def submit_background(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        run_at: When | None = None,
        timeout: float | None = None,
        **options: Unpack[JobOptions],
    ) -> bytes:
        """Queues a job that nobody waits for, and returns its handle once the server has accepted it.

        Args:
            function: what is to be done.
            payload: what it is to be done with.
            run_at: not before then, see `submit_at`.
            timeout: instead of the client's.
            options: see `JobOptions`.

        ConnectionLostError: the job may or may not have been accepted. It is repeated, once and on a new connection,
        only if it has a unique: then a job that was accepted and is not over is joined. After a TimedOutError nothing
        is repeated.

        Example:
            handle = client.submit_background("sendEmail", b"to: ann@example.org", priority=Priority.HIGH)
        """
        return self._asking.submit(background_job(function, payload, run_at, options), self._deadline(timeout))

    @overload
    def submit_at(
        self,
        when: When,
        function: bytes | str,
        payload: bytes | str,
        *,
        unique: bytes | str = b"",
        timeout: float | None = None,
    ) -> bytes: ...

    @overload
    def submit_at(
        self,
        when: When,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        unique: bytes | str = b"",
        timeout: float | None = None,
    ) -> bytes: ...

    def submit_at(
        self,
        when: When,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        unique: bytes | str = b"",
        timeout: float | None = None,
    ) -> bytes:
        """As `submit_background`, for a job that is to run at a time or soon after, never before.

        Args:
            when: a datetime with a time zone, or unix seconds: one that has passed means now. Or a `CalendarMinute`.
            function: what is to be done.
            payload: what it is to be done with.
            unique: see `JobOptions`. Such jobs have normal priority.
            timeout: instead of the client's.

        Example:
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            handle = client.submit_at(tomorrow, "sendEmail", b"to: ann@example.org", unique="reminder-17")
        """
        job = background_job(function, payload, when, {"unique": unique})
        return self._asking.submit(job, self._deadline(timeout))

    def submit_many(self, jobs: Iterable[BackgroundJob], *, timeout: float | None = None) -> Iterator[Submitted]:
        """Queues many jobs that nobody waits for: an iterator of a `Submitted` for each, in their order.

        Jobs are taken from the iterable, and submitted in its order, as the iteration goes on; the client's `in_flight`
        bounds how many more than were handed out. A job that is refused, or that no server is there for, is an outcome
        with an error, and the iteration goes on with the next; break off if that is of no use.

        Args:
            jobs: what to submit.
            timeout: for each answer of the server, instead of the client's. TimedOutError ends the iteration.

        The iteration broken off: jobs that were taken from the iterable may or may not have been accepted. A connection
        that is lost: as in `submit_background`, for each.

        Example:
            jobs = (BackgroundJob("sendEmail", f"to: {name}@example.org") for name in ("ann", "ben", "cleo"))
            for submitted in client.submit_many(jobs):
                if submitted.error is not None:
                    print(submitted.job.packet.payload, "was not queued:", submitted.error)
        """
        seconds = self._deadline(timeout).seconds
        return Pipeline(self._pool, jobs, self._in_flight, seconds).run()

    def status(self, handle: bytes | str, *, timeout: float | None = None) -> Status:
        """How the job of this handle stands; a job that is over is not known.

        Example:
            handle = client.submit_background("sendEmail", b"to: ann@example.org")
            status = client.status(handle)
            print(status.numerator, "of", status.denominator, "done" if status.known else "over")
        """
        answer = self._asking.ask(GetStatus(checked_handle(handle)), StatusRes, self._deadline(timeout))
        return Status(answer.known, answer.running, answer.numerator, answer.denominator)

    def status_by_unique(self, unique: bytes | str, *, timeout: float | None = None) -> UniqueStatus:
        """How the job with this unique stands, whatever its function.

        Example:
            if not client.status_by_unique("mail-17").known:
                client.submit_background("sendEmail", b"to: ann@example.org", unique="mail-17")
        """
        answer = self._asking.ask(GetStatusUnique(checked_unique(unique)), StatusResUnique, self._deadline(timeout))
        return UniqueStatus(answer.known, answer.running, answer.numerator, answer.denominator, answer.clients)

    def wait(self, handle: bytes | str, *, timeout: float = math.inf) -> None:
        """Returns when the job of this handle is over, by asking for its status again and again.

        A server tells nobody how a background job ended, and knows only that it does not know it any more: the
        job may have been done, have failed, or never have been. Asks at first 20 times a second, later once in two
        seconds. Goes on when the connection is lost, also while no server is there or its store is away.

        Raises:
            TimedOutError: the job was not over in time.

        Example:
            handle = client.submit_background("sendEmail", b"to: ann@example.org")
            client.wait(handle, timeout=60)
        """
        wait_until_over(self._asking, handle, Deadline(timeout), self._timeout_seconds)

    def ping(self, *, timeout: float | None = None) -> None:
        """Returns when the server has answered.

        Example:
            client.ping(timeout=1)
        """
        self._asking.ask(EchoReq(b"ping"), EchoRes, self._deadline(timeout))

    @overload
    def call(
        self, function: bytes | str, payload: bytes | str, *, timeout: float = math.inf, **options: Unpack[JobOptions]
    ) -> bytes: ...

    @overload
    def call(
        self,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        timeout: float = math.inf,
        **options: Unpack[JobOptions],
    ) -> ResultT: ...

    def call(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        timeout: float = math.inf,
        **options: Unpack[JobOptions],
    ) -> ResultT:
        """Has a job done and returns its result: the data its worker sent on the way and at the end, joined.

        Args:
            function: what is to be done.
            payload: what it is to be done with.
            timeout: for all of it; as long as the job takes, unless told otherwise.
            options: see `JobOptions`.

        Raises:
            JobFailedError: the job failed; JobRaisedError, a kind of it, if its worker told an exception.
            ConnectionLostError: with a handle, the job was accepted and may have run; without, see
                `submit_background`.
            TimedOutError: with a handle, the job was accepted, and is let go now: the server drops it if it is still
                queued and nobody else waits for it. A job that a worker has begun is run to its end.
            ResultTooLargeError: the data exceeded the client's `max_body`. The job is let go as well.
            UnreadableResultError: the job is done, and its result is not what the `Function` declares.

        Example:
            smaller = client.call("resize", b"a picture", timeout=30)
        """
        name, data = encoded_job(function, payload)
        submission = attended_submission(name, data, **options)
        parts = PartialResult(self._max_body)
        attachment = Attachment(parts.add)
        with self._asking.attached(submission, attachment, Deadline(timeout), self._timeout_seconds) as hear:
            while not (attachment.over or parts.too_large):
                hear()
            if parts.too_large:
                raise ResultTooLargeError(f"the result of job {attachment.handle!r} exceeds {self._max_body} bytes")
        return result_reader(function)(attachment.handle, parts.joined_with(attachment.result()))

    @overload
    def follow(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        timeout: float = math.inf,
        unread_bytes: int = UNREAD_BYTES,
        **options: Unpack[JobOptions],
    ) -> AbstractContextManager[FollowedJob[bytes]]: ...

    @overload
    def follow(
        self,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        timeout: float = math.inf,
        unread_bytes: int = UNREAD_BYTES,
        **options: Unpack[JobOptions],
    ) -> AbstractContextManager[FollowedJob[ResultT]]: ...

    @contextmanager
    def follow(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        timeout: float = math.inf,
        unread_bytes: int = UNREAD_BYTES,
        **options: Unpack[JobOptions],
    ) -> Iterator[FollowedJob[ResultT]]:
        """Has a job done and watches it: ``with client.follow(...) as job``, see `FollowedJob`.

        The block is entered when the server has accepted the job, and has a connection for itself. Updates are read as
        they are iterated over, so iterate without long pauses: a server may drop a client that does not read. Those
        that `result` comes across are kept up to `unread_bytes` (progress only the latest).

        Args:
            function: what is to be done.
            payload: what it is to be done with.
            timeout: for all of it; as long as the job takes, unless told otherwise.
            unread_bytes: see above.
            options: see `JobOptions`.

        The block left before the job's end, or its time up: the job is let go, as in `call`.

        Example:
            with client.follow("resize", b"a picture") as job:
                for update in job:
                    print(update)
                print(job.result())
        """
        name, data = encoded_job(function, payload)
        submission = attended_submission(name, data, **options)
        updates = UpdateBuffer(unread_bytes)
        attachment = Attachment(updates.add)
        with self._asking.attached(submission, attachment, Deadline(timeout), self._timeout_seconds) as hear:
            yield FollowedJob(attachment, updates, result_reader(function), hear)

    def _deadline(self, timeout: float | None) -> Deadline:
        return Deadline(self._timeout_seconds if timeout is None else timeout)
