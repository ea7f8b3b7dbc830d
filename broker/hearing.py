"""What the store tells the broker: notices, mail, and the ups and downs of Redis."""

import logging
from collections.abc import Collection, Sequence

from broker.core import Broker
from broker.line import ALL_BITS, Line
from broker.relaying import deliver, relay_end
from broker.waking import wake_for
from broker.working import stop_running
from persistence import Function, JobId, Mail, StoreError
from protocol import WorkFail

log = logging.getLogger(__name__)


class Hearing:
    """The broker's ears; see `persistence.StoreEvents`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def work_noticed(self, function: Function, priority: int) -> None:
        """A job may have become claimable: one sleeper should look."""
        line = self._broker.line_of(function)
        if line is not None:
            line.bits |= 1 << priority
            wake_for(self._broker, line)

    def reconnected(self, functions: Sequence[Function]) -> None:
        """Redis is there: these functions are heard anew, and any may hold work."""
        broker = self._broker
        lines = [line for line in map(broker.line_of, functions) if line is not None]
        for line in lines:
            broker.store.listen(line.function)
            line.bits = ALL_BITS
        if lines:
            broker.start_soon(self._wake_when_ready, lines)

    def away(self, functions: Sequence[Function]) -> None:
        """Who asks for these is told that there is nothing, until they are there again."""
        for line in map(self._broker.line_of, functions):
            if line is not None:
                line.bits = 0

    async def _wake_when_ready(self, lines: Sequence[Line]) -> None:
        # Told from within the handshake: grabs are worth while only when it is over.
        try:
            await self._broker.store.pipe.wait_connected()
        except StoreError:
            return
        for line in lines:
            if self._broker.store.reaches(line.function):
                wake_for(self._broker, line)
        self._broker.flusher.flush()

    def batch_done(self) -> None:
        """One read from Redis has been dealt with."""
        self._broker.flusher.flush()
        if self._broker.switchboard is not None:
            self._broker.switchboard.go_on()

    def fenced(self) -> None:
        """What was reserved here has been returned by whoever took us for lost."""
        for line in self._broker.roster.lines.values():
            line.empty_reserved()

    def mail_came(self, function: Function, mail: Mail) -> None:
        """Another broker says something of a job that clients here wait for."""
        deliver(self._broker, function, mail)

    def audience_changed(self, function: Function, job: JobId) -> None:
        """Somebody elsewhere listens to a job that may run here: from now on what it says is posted."""
        run = self._broker.runs.by_handle.get(self._handle(function, job))
        if run is not None:
            run.elsewhere = True

    def cancelled(self, function: Function, job: JobId) -> None:
        """An operator ended a job: whoever runs it here runs it for nobody, and nobody need begin."""
        stop_running(self._broker, function, self._handle(function, job))

    def runs_here(self, function: Function, job: JobId, attempt: int) -> bool:
        """Whether a worker here has this run, or it is reserved for one."""
        handle = self._handle(function, job)
        run = self._broker.runs.by_handle.get(handle)
        if run is not None:
            return run.job.attempt == attempt
        line = self._broker.line_of(function)
        return line is not None and line.reserves(handle, attempt)

    def awaited(self, function: Function) -> Collection[JobId]:
        """The jobs of a function that clients here wait for."""
        return self._broker.audience.awaited(function)

    def awaited_is_gone(self, function: Function, job: JobId) -> None:
        """The store lost a job that clients here wait for; they must not wait for ever."""
        relay_end(self._broker, WorkFail(self._handle(function, job)))

    def _handle(self, function: Function, job: JobId) -> bytes:
        return self._broker.store.claiming.handle(function, job)
