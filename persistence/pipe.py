"""The pipe: one connection to Redis that everybody here shares, kept up for as long as the broker lives.

`post` puts a command into the outbox. `flush`, at the end of each event, hands all that was put in to the socket as one
piece; where nobody flushes, and where the socket takes no more, the writer does. The reader hands each reply to the
caller that is next in order. When the connection breaks, a new one is made, greeted and prepared, and what may be
repeated goes first.

Refused here: to know what a command means. Three kinds must not be posted, for they leave the rhythm of one
reply a command: MULTI and its company, MONITOR, and CLIENT REPLY.

Long, because a quarter of it says what its calls promise, and because the way of a command, from `post` to the
socket, is here in one piece: what is cut out of it costs a call for each. What it uses has files of its own, from the
outbox to the patience with a server that is away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

import trio

from persistence.connection import Connection
from persistence.deadlines import Deadlines
from persistence.errors import StoreError, StoreUnavailableError
from persistence.exchange import LOST_SCRIPTS, NO_MASTER, Exchange
from persistence.handshake import Handshake, greet
from persistence.opening import located, open_stream
from persistence.options import RedisOptions
from persistence.outage import Outage
from persistence.outbox import Outbox
from persistence.pipe_statistics import Counters, PipeStatistics
from persistence.posted import Posted
from persistence.reconnecting import Patience
from persistence.replies import Answer, Command, Reply
from persistence.unwrapping import unwrapped

FLUSH_BYTES: Final = 1_048_576
"""So much leaves in one write. Only a backlog is longer; joining all of it would double its memory."""

MAX_UNSENT_BYTES: Final = 256 * 1024 * 1024
"""So much may wait for a Redis that is away: five seconds of 50,000 submits of 1 kB."""


async def _prepare_nothing(handshake: Handshake) -> None:
    await trio.lowlevel.checkpoint()


def _ignore(*what: object) -> None:
    pass


class Pipe:
    """A pipe to the Redis server at `options`, known there as ``<client_name>:<name>``.

    All callbacks are called synchronously, must not raise, and may post: they are called between two turns of trio's
    scheduler (`persistence.io_wait`), by a task of the pipe, or by whoever calls `post` or `flush`.

    Args:
        options: where and who.
        name: tells this pipe from our others in CLIENT LIST and in the log. No blanks.
        before: awaited before each attempt to connect, however long it takes. A StoreError it raises counts as
            a failed attempt.
        on_connect: prepares a connection that has been greeted: loads scripts, subscribes. Nothing posted
            leaves before it returns. A StoreError it raises counts as a failed attempt to connect.
        on_push: hears every push message that does not confirm a subscription, in stream order with the
            replies.
        on_batch: called after each group of answers and pushes: one read's, or those of a break or of a
            deadline.
        on_flush: called at the beginning of each `flush`: the last to post something before it.
        on_break: called when a connection that had been ready is lost, before any caller is told.
        outage: what all pipes to that server know of its absence; None: there is no other.
        max_unsent_bytes: what may wait to be sent; a command beyond that is answered StoreUnavailableError
            at once.
    """

    in_order = True

    def __init__(  # noqa: PLR0913 - by keyword, and most of them rare
        self,
        options: RedisOptions,
        *,
        name: str,
        before: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
        on_connect: Callable[[Handshake], Awaitable[None]] = _prepare_nothing,
        on_push: Callable[[list[Reply]], None] = _ignore,
        on_batch: Callable[[], None] = _ignore,
        on_flush: Callable[[], None] = _ignore,
        on_break: Callable[[StoreError], None] = _ignore,
        outage: Outage | None = None,
        max_unsent_bytes: int = MAX_UNSENT_BYTES,
    ) -> None:
        self.name = name
        self._options = options
        self._before = before
        self._on_connect = on_connect
        self._on_push = on_push
        self._on_batch = on_batch
        self._on_flush = on_flush
        self._on_break = on_break
        self._outbox = Outbox(max_unsent_bytes)
        self._deadlines = Deadlines()
        self._counters = Counters()
        self._patience = Patience(name, options, outage=outage)
        self._connection: Connection | None = None
        self.server = ""
        """Where the server is that the last connection was made to: of several, the master of that time."""
        self._connected = trio.Event()
        self._wake: trio.Event | None = None
        self._gathering = False
        self._running = False
        self._ended = False

    @property
    def connected(self) -> bool:
        """Whether a greeted and prepared connection stands: what is posted now leaves at once."""
        return self._connected.is_set() and not self._ended

    @property
    def away_because(self) -> StoreError | None:
        """Why Redis cannot be reached: the last attempt failed, and the next has not come to its end.

        None while a connection stands, and from its break until the first attempt to make another: a restarted
        server is back by then. Who cannot use a late answer need not wait for one while this says something.
        """
        return self._patience.in_vain

    def hoping(self) -> AbstractContextManager[None]:
        """Ends the block by a StoreError when there is an `away_because`; what was asked may be done all the same."""
        return self._patience.hoping()

    @property
    def address(self) -> str:
        """Where the server is, in words."""
        return self._options.address

    @property
    def servers(self) -> Sequence[Pipe]:
        """Each server there is; here, one."""
        return (self,)

    def reaches(self, key: bytes) -> bool:
        """Whether what is posted now about this key leaves at once: all keys are at this server."""
        return self.connected

    def away(self, key: bytes) -> StoreError | None:
        """Why this key is out of reach."""
        return self.away_because

    def bring_back(self, key: bytes) -> None:
        """Nothing needs to wait: what is posted first is done first."""

    def bring_all_back(self) -> None:
        """See bring_back."""

    @property
    def gathering(self) -> bool:
        """Whether `gather` was called, and `flush` will be."""
        return self._gathering

    async def wait_connected(self) -> None:
        """Wait until `connected`. Cancelled: nothing has changed.

        Raises:
            StoreUnavailableError: the pipe has ended.
        """
        await self._connected.wait()
        if self._ended:
            raise StoreUnavailableError(f"the pipe {self.name} has ended")

    @property
    def unanswered_writes(self) -> int:
        """How many writes Redis has not answered to their last command; 0 while there is no connection."""
        return self._connection.exchange.unanswered_writes if self._connection else 0

    def statistics(self) -> PipeStatistics:
        """What has been done so far."""
        in_flight = len(self._connection.exchange.in_flight) if self._connection else 0
        return self._counters.snapshot(in_flight=in_flight, unsent_bytes=self._outbox.unsent_bytes)

    def post(
        self,
        command: Command,
        answer: Answer,
        *,
        again: Callable[[], Command] | None = None,
        deadline: float | None = None,
        late: Answer | None = None,
    ) -> None:
        """Send a command as soon as may be, without waiting; may be called from any callback.

        All that is posted between `gather` and `flush` leaves in one write, in this order, and so does what is posted
        in one turn of the scheduler without them. While there is no connection it waits for the next one.

        Args:
            command: its parts; kept only until this returns.
            answer: called exactly once: with the reply, with a StoreRefusedError for an error reply, or
                with a StoreUnavailableError, whose `sent` tells whether Redis may have executed it. A
                subscribing command is answered with the push message that confirms its last channel. It is
                called from within `post` when the pipe has ended or too many bytes wait.
            again: makes the command to send on a later connection, if this one breaks before the answer;
                such commands leave in their old order, before all that was posted later. None: the break is
                the answer. (A command with `again` that was posted while there is no connection is made by
                it, too.)
            deadline: on trio's clock: passed without an answer, that is the answer, within a tenth of a
                second. What has not been sent by then never is, and nothing is repeated after it.
            late: what becomes of a command sent before its deadline and answered after it: called at most
                once, with the late reply, or StoreUnavailableError when the connection broke first.

        Raises:
            TypeError: a part of the command is neither bytes, str nor int.
            ValueError: a subscribing command names no channels.
        """
        posted = Posted(command, answer, again, deadline, late)
        if self._ended:
            posted.give_up(f"the pipe {self.name} has ended")
            return
        if not self._outbox.put(posted):
            posted.give_up(f"over {self._outbox.max_bytes} bytes wait to be sent to Redis already")
            return
        if deadline is not None and deadline < self._deadlines.earliest:
            self._deadlines.expect(deadline)
        if not self._gathering:
            self._wake_writer()

    def gather(self) -> None:
        """Whoever calls this calls `flush` before it next waits: what is posted until then leaves together there."""
        self._gathering = True

    def flush(self) -> None:
        """Send what was posted, at once as far as the system takes it: a task of its own would cost a turn of all."""
        self._on_flush()
        self._gathering = False
        if not self._outbox.waiting:
            return
        connection = self._connection
        if self._wake is not None and connection is not None and connection.sends_at_once and connection.error is None:
            connection.send_now(*self._outbox.take(FLUSH_BYTES))
            if not (connection.rest or self._outbox.waiting):
                return
        self._wake_writer()

    def renew(self, reason: str) -> None:
        """Break the connection, if there is one, and make another: what may be repeated is."""
        if self._connection is not None:
            self._connection.lost(reason)

    def _wake_writer(self) -> None:
        wake = self._wake
        if wake is not None:
            self._wake = None
            wake.set()

    async def ask(self, *command: bytes | str | int, timeout_seconds: float = 5.0) -> Reply:
        """Post a command and wait for its reply: for where no haste is.

        Cancelled, the command may be executed nonetheless; its reply is dropped.

        Raises:
            StoreRefusedError: Redis answered with an error.
            StoreUnavailableError: no answer in time, or the connection broke.
        """
        replies: list[Reply] = []
        answered = trio.Event()

        def answer(reply: Reply) -> None:
            replies.append(reply)
            answered.set()

        self.post(command, answer, deadline=trio.current_time() + timeout_seconds)
        await answered.wait()
        (reply,) = replies
        if isinstance(reply, StoreError):
            raise reply
        return reply

    async def settled(self, timeout_seconds: float) -> None:
        """Wait until Redis has done all that was posted before; raises as `ask` does."""
        await self.ask(b"PING", timeout_seconds=timeout_seconds)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The duty: connects, reconnects, writes, reads, for ever; once only. Started when it is connected.

        Cancelled, it leaves no socket; every command not answered yet is answered StoreUnavailableError.

        Raises:
            StoreUnavailableError: no first connection within `connect_timeout_seconds`. (A server that is
                still loading its data is waited for.)
            StoreError: the first connection was refused for a reason that waiting does not heal: NOAUTH,
                WRONGPASS, NOPERM, a version too old, whatever `on_connect` raised. Later on, it is logged
                and tried again.
        """
        if self._running or self._ended:
            raise RuntimeError(f"the pipe {self.name} can run only once")
        self._running = True
        refused: StoreError | None = None
        try:
            with unwrapped():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._watch)
                    refused = await self._stay_connected(task_status)
                    nursery.cancel_scope.cancel()
        finally:
            self._end()
        if refused is not None:
            raise refused

    async def _stay_connected(self, task_status: trio.TaskStatus[None]) -> StoreError:
        """Connect again and again; what ends it is a refusal of the first connection."""
        while True:
            error = await self._connect_and_serve(task_status)
            verdict = self._patience.verdict(error)
            if verdict is not None:
                return verdict
            await self._patience.pause()

    async def _connect_and_serve(self, task_status: trio.TaskStatus[None]) -> StoreError:
        """One connection from its opening to its end; returns why it ended."""
        try:
            await self._before()
            deadline = self._patience.begin()
            with trio.fail_at(deadline):
                options = await located(self._options)
                stream = await open_stream(options)
            self.server = options.address
        except trio.TooSlowError:
            return self._too_slow()
        except StoreError as error:
            return error
        parting = LOST_SCRIPTS if self._options.locator is None else LOST_SCRIPTS | NO_MASTER
        connection = Connection(stream, Exchange(self._on_push, self._counters, parting), self._counters)
        self._connection = connection
        try:
            with connection.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(connection.read, self.gather, self._batch_ends)
                    if await self._prepared(connection, options, deadline):
                        self._become_ready(connection, task_status)
                        await self._write(connection)
        finally:
            await trio.aclose_forcefully(stream)
        return self._parted(connection)

    async def _prepared(self, connection: Connection, options: RedisOptions, deadline: float) -> bool:
        handshake = Handshake(connection.send)
        try:
            with trio.move_on_at(deadline) as too_slow:
                await greet(handshake, options, self.name, as_master=self._options.locator is not None)
            if too_slow.cancelled_caught:
                connection.end(self._too_slow())
            else:
                await self._on_connect(handshake)
        except StoreError as error:
            connection.end(error)
        return connection.error is None

    def _too_slow(self) -> StoreUnavailableError:
        return StoreUnavailableError(f"Redis at {self._options.address} does not answer")

    def _become_ready(self, connection: Connection, task_status: trio.TaskStatus[None]) -> None:
        connection.exchange.greeted = True
        self._counters.connects += 1
        self._outbox.renew()
        self._connected.set()
        self._patience.connected()
        if self._counters.connects == 1:
            task_status.started()

    async def _write(self, connection: Connection) -> None:
        """The writer: sends what `flush` did not, or was posted without one."""
        outbox = self._outbox
        while connection.error is None:
            if connection.rest:
                await connection.send_rest()
            elif outbox.waiting:
                await connection.send(*outbox.take(FLUSH_BYTES))
            else:
                self._wake = wake = trio.Event()
                try:
                    await wake.wait()
                finally:
                    self._wake = None

    def _batch_ends(self) -> None:
        self._on_batch()
        self.flush()

    def _parted(self, connection: Connection) -> StoreError:
        """The connection is over: sort what is repeated from what is lost, then tell the callers."""
        error = connection.error
        assert error is not None
        self._connection = None
        in_flight = connection.exchange.in_flight
        if self.connected:
            self._connected = trio.Event()
            lost = self._outbox.keep(in_flight)
            self._on_break(error)
        else:
            lost = list(in_flight)
        self._give_up(lost, str(error))
        return error

    def _give_up(self, lost: list[Posted], text: str, because: StoreError | None = None) -> None:
        for posted in lost:
            posted.give_up(text, because)
        if lost:
            self._on_batch()

    async def _watch(self) -> None:
        """The duty that notices deadlines and a server that fell silent."""
        silence_seconds = self._options.silence_seconds
        while True:
            heard_at = self._connection.heard_at if self._connection else trio.current_time()
            now = await self._deadlines.tick(heard_at + silence_seconds)
            self._expire(now)
            connection = self._connection
            if connection is None:
                continue
            connection.check_silence(silence_seconds, now)
            if self.connected and not self._outbox.waiting and connection.is_idle(silence_seconds, now):
                # Who only listens would wait for ever for the notices of a server that is gone.
                self.post(("PING",), _ignore)

    def _expire(self, now: float) -> None:
        in_flight = self._connection.exchange.in_flight if self._connection else ()
        late = self._deadlines.overdue(now, in_flight, self._outbox.waiting)
        if late:
            self._give_up(late, "Redis did not answer in time", self.away_because)
            self._outbox.drop_answered()

    def _end(self) -> None:
        """Nothing will be answered any more: say so to all who wait."""
        self._ended = True
        in_flight = self._connection.exchange.in_flight if self._connection else ()
        lost = [*in_flight, *self._outbox.empty()]
        self._connection = None
        self._connected.set()
        self._give_up(lost, f"the pipe {self.name} has ended")
