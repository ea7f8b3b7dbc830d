"""Questions that change nothing: the state of a job, the figures of a function, who else is there."""

from collections.abc import Callable

from persistence.errors import StoreError
from persistence.jobs import Counts, JobStatus
from persistence.keys import digest_of
from persistence.link import Link
from persistence.pipe import Pipe
from persistence.records import INCARNATION_BYTES, Incarnation, JobId, read_handle
from persistence.replies import Command, Reply, expect_bytes, expect_dict, expect_int, expect_list
from persistence.scripts import STATUS, STATUS_UNIQUE

UNKNOWN = JobStatus(known=False)
StatusAnswer = Callable[[JobStatus | StoreError], None]


class Asking:
    """Reads the store. An outage is answered with a StoreError after the store timeout."""

    def __init__(self, link: Link, bulk: Pipe) -> None:
        self._link = link
        self._bulk = bulk

    def status(self, handle: bytes, answer: StatusAnswer) -> None:
        """What is known of the job with this handle, whichever broker took it. One trip; none for a foreign handle."""
        read = read_handle(handle)
        if read is None:
            answer(UNKNOWN)
            return
        digest, job = read
        command = STATUS.call(self._link.keys.tag(digest), job)
        self._ask(command, lambda reply: answer(_status(reply)))

    def status_of_unique(self, unique: bytes, answer: StatusAnswer) -> None:
        """What is known of a job that holds this unique, whatever its function. One trip."""
        self._ask(STATUS_UNIQUE.call(self._link.keys.root, unique), lambda reply: answer(_status(reply)))

    def _ask(self, command: Command, answer: Callable[[Reply], None]) -> None:
        # Asked on the pipe that carries the writes, so that a client reads what it has just written.
        self._link.gathering.close()
        self._link.pipe.post(command, answer, again=lambda: command, deadline=self._link.deadline())

    async def functions(self) -> list[bytes]:
        """The names of all functions, sorted. Raises StoreError in an outage; cancelling changes nothing."""
        return sorted(map(expect_bytes, expect_list(await self._bulk.ask(b"HVALS", self._link.keys.functions))))

    async def counts(self, name: bytes) -> Counts:
        """The figures of one function. Raises StoreError in an outage; cancelling changes nothing."""
        key = self._link.keys.function(self._link.keys.tag(digest_of(name)))
        return read_counts(name, await self._bulk.ask(b"HGETALL", key))


def read_counts(name: bytes, reply: Reply) -> Counts:
    """The counters of a function's hash. What runs is what was submitted, less what ended and what waits."""
    fields = expect_dict(reply)

    def figure(field: bytes) -> int:
        return int(expect_bytes(fields.get(field, b"0")))

    queued = (figure(b"queued0"), figure(b"queued1"), figure(b"queued2"))
    scheduled, submitted = figure(b"scheduled"), figure(b"submitted")
    completed, failed, dead, dropped = figure(b"completed"), figure(b"failed"), figure(b"dead"), figure(b"dropped")
    return Counts(
        function=name,
        queued=queued,
        scheduled=scheduled,
        running=max(0, submitted - completed - failed - dead - dropped - sum(queued) - scheduled),
        submitted=submitted,
        coalesced=figure(b"coalesced"),
        completed=completed,
        failed=failed,
        retried=figure(b"retried"),
        requeued=figure(b"requeued"),
        dead=dead,
    )


def _status(reply: Reply) -> JobStatus | StoreError:
    if isinstance(reply, StoreError):
        return reply
    if not isinstance(reply, list):
        return UNKNOWN
    if len(reply) == 3:
        return JobStatus(True, reply[0] == b"running", expect_int(reply[1]), expect_int(reply[2]))
    state, function, job, numerator, denominator, joined = reply
    listeners = expect_bytes(joined)
    return JobStatus(
        known=True,
        running=state == b"running",
        numerator=expect_int(numerator),
        denominator=expect_int(denominator),
        function=expect_bytes(function),
        id=JobId(expect_bytes(job)),
        listeners=tuple(
            Incarnation(listeners[at : at + INCARNATION_BYTES]) for at in range(0, len(listeners), INCARNATION_BYTES)
        ),
    )
