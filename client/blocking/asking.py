"""Asking until there is an answer, over whichever connection is free."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeVar

from client.attachment import Attachment
from client.blocking.deadline import Deadline
from client.blocking.line import Line
from client.blocking.pool import Pool
from client.errors import CannotConnectError, ConnectionLostError, TimedOutError
from client.repeating import Repeating
from client.slot import Answer, NotSentError, Slot
from client.submission import BackgroundJob, Submission
from protocol import Connection, EchoRes, JobCreated, Packet, Role, StatusRes, StatusResUnique

__all__ = ["Asking"]

AnswerT = TypeVar("AnswerT", StatusRes, StatusResUnique, EchoRes)

WIRE = Connection(Role.PEER)  # to encode with, which changes nothing in it


class Asking:
    """What a client asks: which failures are met by asking again, and which are the caller's to know."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def ask(self, packet: Packet, expected: type[AnswerT], deadline: Deadline) -> AnswerT:
        """Asks a question, and returns the answer."""
        with self._answered(WIRE.send(packet), expected, None, deadline, repeatable=False) as (_, answer):
            assert isinstance(answer, expected)  # the demultiplexer has seen to it
            return answer

    def submit(self, job: BackgroundJob, deadline: Deadline) -> bytes:
        """Submits a job nobody waits for, and returns its handle."""
        with self._answered(job.data, JobCreated, None, deadline, repeatable=job.repeatable) as (_, answer):
            assert isinstance(answer, JobCreated)
            return answer.handle

    @contextmanager
    def attached(
        self, job: Submission, attachment: Attachment, deadline: Deadline, timeout_seconds: float
    ) -> Iterator[Callable[[], None]]:
        """Submits a job we want to hear of. The block gets a call that waits for the next that is heard.

        If the job is not over at the end of the block, the connection is closed: that is how a server learns that
        nobody waits any more. `deadline` is for all of it, and the job must be accepted within `timeout_seconds`, too.
        """
        accepted = deadline.within(timeout_seconds)
        with self._answered(job.data, JobCreated, attachment, accepted, repeatable=job.repeatable) as (line, _):
            try:
                yield partial(_hear, line, attachment, deadline)
            finally:
                if attachment.over:
                    line.finish()
                else:
                    attachment.forget()

    @contextmanager
    def _answered(
        self,
        data: bytes,
        expected: type[Answer],
        attachment: Attachment | None,
        deadline: Deadline,
        *,
        repeatable: bool,
    ) -> Iterator[tuple[Line, Answer]]:
        repeating = Repeating(repeatable)
        while True:
            with ExitStack() as lease:
                try:
                    line = lease.enter_context(self._pool.lend(deadline))
                    answer = line.ask(Slot(data, expected, attachment), deadline)
                except NotSentError:
                    continue
                except CannotConnectError as error:
                    raise repeating.instead_of(error) from error.__cause__
                except ConnectionLostError as error:
                    repeating.after(error)
                    continue
                yield line, answer
                return


def _hear(line: Line, attachment: Attachment, deadline: Deadline) -> None:
    """The next packet; of time that is up, the error names the job, which the server has accepted and answered for."""
    try:
        line.pump(deadline)
    except TimedOutError as error:
        late = deadline.passed(f"job {attachment.handle.decode()}: not over")
        raise TimedOutError(f"{late}: is there a worker for it at {line.server}?", attachment.handle) from error
