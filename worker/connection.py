"""One connection of a worker: it registers, asks for jobs while it has places to run them, or sleeps.

Everything that belongs to the connection lives in its nursery, the jobs too: when it is lost, the server
gives its jobs to other workers at once, so going on here would only run them twice at the same time. They are
cancelled, and nothing about them is sent on a later connection, where the server would not know them.
"""

import logging
import os
from collections.abc import Callable
from typing import TypeAlias

import trio

from peer.hanging_up import hang_up
from protocol import (
    Connection,
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    Event,
    GrabJobAll,
    JobAssignAll,
    JobAssignUniq,
    NoJob,
    Noop,
    Packet,
    PreSleep,
    RemoteProtocolError,
    Role,
)
from protocol.stream import PacketStream
from worker.abilities import Abilities
from worker.context import CURRENT_JOB
from worker.draining import Drain
from worker.job import Job
from worker.outbox import Outbox
from worker.outcome import outcome_of, sendable

__all__ = ["WorkerConnection"]

logger: logging.Logger = logging.getLogger(__name__)

Assigned: TypeAlias = JobAssignUniq | JobAssignAll

ANSWER_SECONDS = 30.0
"""A server that leaves a question unanswered for so long is as good as gone; it holds up a place for jobs."""

LOOK_AGAIN_SECONDS = 30.0
"""A sleeper asks again after so long without a NOOP. gearmand 1.1.20 wakes nobody for a delayed job that
falls due, and a server that vanished without a word is found out this way. A server that wakes as it should
is asked in vain twice a minute."""

GOODBYE_SECONDS = 1.0
"""How long the last results may take to leave when the worker is cancelled.

What does not leave is run again elsewhere.
"""


class WorkerConnection:
    """A connection, from registration to loss.

    It shares `places`, one for each job that may run, with the worker's other ones.
    """

    def __init__(
        self, stream: trio.abc.Stream, server: str, abilities: Abilities, places: trio.Semaphore, drain: Drain
    ) -> None:
        self._stream = stream
        self._process = os.getpid()
        self._server = server
        self._abilities = abilities
        self._places = places
        self._drain = drain
        self._packets = PacketStream(stream, Role.PEER, abilities.max_body)
        self._wire = Connection(Role.PEER)
        self._outbox = Outbox(stream)
        self._registered = trio.Event()
        self._noop = trio.Event()
        self._asked = False
        self._answers, self._answered = trio.open_memory_channel[Assigned | NoJob](1)
        self._scope = trio.CancelScope()

    async def run(self, when_registered: Callable[[], None]) -> None:
        """Works until the connection is lost, or the drain has begun and its jobs are done, and returns.

        Cancelled: running jobs are cancelled, the results of finished ones get `GOODBYE_SECONDS` to leave,
        and the stream is closed.
        """
        try:
            async with trio.open_nursery() as outer:
                outer.start_soon(self._write)
                try:
                    with self._scope:
                        async with trio.open_nursery() as nursery:
                            nursery.start_soon(self._read)
                            await self._register()
                            when_registered()
                            async with trio.open_nursery() as jobs:
                                await self._grab_until_drained(jobs)
                            self._scope.cancel()
                finally:
                    self._outbox.end(GOODBYE_SECONDS)
        finally:
            hang_up(self._stream, self._process)
            with trio.CancelScope(shield=True):  # waits for nothing; unshielded, its Cancelled would hide a defect
                await trio.aclose_forcefully(self._stream)

    async def _register(self) -> None:
        """The echo tells that the server has read the registration.

        It must, before we reserve a place to run its jobs.
        """
        for packet in (*self._abilities.registration(), EchoReq(b"registered")):
            await self._say(packet)
        with trio.move_on_after(ANSWER_SECONDS) as patience:
            await self._registered.wait()
        if patience.cancelled_caught:
            self._lose("it did not answer the registration")
            await trio.lowlevel.checkpoint()

    async def _grab_until_drained(self, jobs: trio.Nursery) -> None:
        """Asks for jobs and starts them.

        Who sleeps when the drain begins asks once more: a question ends the sleep, and the server wakes others instead.
        """
        asleep = False
        while await self._place(asleep):
            taken = False
            try:
                job = await self._grab()
                if job is not None:
                    jobs.start_soon(self._run, job)
                    taken = True
            finally:
                if not taken:
                    self._places.release()
            asleep = not taken and not self._drain.begun
            if asleep:
                await self._sleep()

    async def _place(self, asleep: bool) -> bool:
        """Waits for a place to run a job; False if none is wanted any more."""
        if asleep:
            await self._places.acquire()
            return True
        with self._drain.interrupts():
            await self._places.acquire()
            return True
        return False

    async def _grab(self) -> Assigned | None:
        """Asks for a job.

        One question at a time, for one place: a job that must wait here could run elsewhere.
        """
        self._asked = True
        await self._say(GrabJobAll())
        with trio.move_on_after(ANSWER_SECONDS):
            answer = await self._answered.receive()
            return None if isinstance(answer, NoJob) else answer
        self._lose("it did not answer a request for a job")
        return None

    async def _sleep(self) -> None:
        """Returns when there may be work, or the drain begins.

        The server marks us as asleep, then looks, so work that came since its NO_JOB is not missed. The event
        is new before that: a NOOP sent earlier may set it for nothing, but none that follows can be lost.
        Jobs of ours may be running meanwhile.
        """
        self._noop = trio.Event()
        await self._say(PreSleep())
        with trio.move_on_after(LOOK_AGAIN_SECONDS), self._drain.interrupts():
            await self._noop.wait()

    async def _run(self, assigned: Assigned) -> None:
        ability = self._abilities.functions[assigned.function]
        job = Job(assigned, self._tell)
        CURRENT_JOB.set(job)  # each task has a context of its own
        try:
            with trio.move_on_after(ability.limit_seconds) as limit:
                await self._outbox.post_even_if_cancelled(await outcome_of(ability, job, self._abilities))
            if limit.cancelled_caught:
                # The server has measured the same time, and given the job to others; a word from us could only
                # end what they are doing.
                logger.warning("%s is given up: its time is up", job)
        finally:
            self._places.release()

    async def _tell(self, packet: Packet) -> None:
        await self._outbox.post(sendable(self._wire.send(packet), self._abilities.max_body))

    async def _say(self, packet: Packet) -> None:
        await self._outbox.post(self._wire.send(packet))

    @trio.lowlevel.enable_ki_protection
    async def _write(self) -> None:
        try:
            await self._outbox.write()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._lose(str(error) or "the connection broke")

    @trio.lowlevel.enable_ki_protection
    async def _read(self) -> None:
        self._lose(await self._read_to_the_end())

    async def _read_to_the_end(self) -> str:
        """Takes in packets until no more can come, and returns why."""
        try:
            while True:
                self._receive(await self._packets.receive())
        except trio.EndOfChannel:
            return "it hung up"
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            return str(error) or "the connection broke"
        except RemoteProtocolError as error:
            return f"it broke the protocol: {error}"

    def _receive(self, event: Event) -> None:
        match event:
            case JobAssignUniq() | JobAssignAll() | NoJob():
                self._take_answer(event)
            case Noop():
                self._noop.set()
            case EchoRes():
                self._registered.set()
            case Error(code=code, text=text):
                # gearmand says JOB_NOT_FOUND about a job it took away from us. Nothing to do: the run is of
                # no use, but no harm.
                logger.warning(
                    "%s answers %s: %s",
                    self._server,
                    code.decode("utf-8", "replace"),
                    text.decode("utf-8", "replace"),
                )
            case _:
                raise _out_of_step(f"a {type(event).__name__} is not for a worker")

    def _take_answer(self, answer: Assigned | NoJob) -> None:
        if not self._asked:
            raise _out_of_step("a job that was not asked for")
        if not isinstance(answer, NoJob) and answer.function not in self._abilities.functions:
            raise _out_of_step(f"a job of {answer.function!r}, which is not registered")
        self._asked = False
        self._answers.send_nowait(answer)

    def _lose(self, reason: str) -> None:
        """The end of this connection, told once; cancels everything that lives on it."""
        if not self._scope.cancel_called:
            logger.warning("lost the connection to %s: %s", self._server, reason)
            self._scope.cancel()


def _out_of_step(what: str) -> RemoteProtocolError:
    return RemoteProtocolError(ErrorCode.INVALID_COMMAND, what.encode("ascii", "backslashreplace"), fatal=True)
