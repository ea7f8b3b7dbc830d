"""Questions that change nothing: the state of a job, the figures of a function, who else is there."""

from collections.abc import Callable, Sequence
from typing import Final

from persistence.asking_all import ask_all
from persistence.asking_everywhere import Everywhere
from persistence.errors import StoreError
from persistence.jobs import Counts, JobStatus
from persistence.keys import digest_of
from persistence.link import Link
from persistence.records import INCARNATION_BYTES, Incarnation, JobId, read_handle
from persistence.replies import Command, Reply, expect_bytes, expect_dict, expect_int, expect_list
from persistence.scripts import STATUS, STATUS_UNIQUE
from persistence.way import Way

UNKNOWN = JobStatus(known=False)
StatusAnswer = Callable[[JobStatus | StoreError], None]
NAMES_A_STEP: Final = 1000


class Asking:
    """Reads the store. An outage is answered with a StoreError after the store timeout."""

    def __init__(self, link: Link, bulk: Way) -> None:
        self._link = link
        self._bulk = bulk

    def status(self, handle: bytes, answer: StatusAnswer) -> None:
        """What is known of the job with this handle, whichever broker took it. One trip; none for a foreign handle."""
        read = read_handle(handle)
        if read is None:
            answer(UNKNOWN)
            return
        digest, job = read
        tag = self._link.keys.tag(digest)
        self._ask(self._link.pipe_with(tag), STATUS.call(tag, job), lambda reply: answer(_status(reply)))

    def status_of_unique(self, unique: bytes, answer: StatusAnswer) -> None:
        """What is known of a job that holds this unique, whatever its function. One trip; two if some have replicas.

        On a cluster, one for the names of all functions and one to each node.
        """
        link = self._link
        if not link.pipe.in_order:
            Everywhere(link, unique, lambda reply: answer(_status(reply))).ask()
            return

        def ask() -> None:
            command = STATUS_UNIQUE.call(link.keys.root, unique)
            self._ask(link.pipe, command, lambda reply: answer(_status(reply)))

        if link.firm is link.pipe:
            ask()
        else:
            self._ask(link.firm, [b"PING"], lambda reply: answer(reply) if isinstance(reply, StoreError) else ask())

    def time(self, answer: Callable[[int | StoreError], None]) -> None:
        """What time it is by Redis's clock, in unix seconds. One trip."""

        def told(reply: Reply) -> None:
            answer(reply if isinstance(reply, StoreError) else int(expect_bytes(expect_list(reply)[0])))

        self._ask(self._link.pipe, [b"TIME"], told)

    def _ask(self, pipe: Way, command: Command, answer: Callable[[Reply], None]) -> None:
        # Asked on the pipe that carries the writes, so that a client reads what it has just written.
        self._link.gathering.close()
        pipe.post(command, answer, again=lambda: command, deadline=self._link.deadline())

    async def everything_before(self) -> None:
        """Wait until Redis has done all that was posted before: what is read then, on any pipe, has it in it.

        Raises StoreError in an outage.
        """
        link = self._link
        link.gathering.close()
        for pipe in dict.fromkeys((link.firm, link.pipe)):
            await pipe.settled(link.store_timeout_seconds)

    async def functions(self) -> list[bytes]:
        """The names of all functions, sorted. Read in steps. Raises StoreError in an outage."""
        names: set[bytes] = set()
        listed_in, patience = self._link.keys.functions, self._link.store_timeout_seconds
        cursor = b"0"
        while True:
            step = (b"HSCAN", listed_in, cursor, b"COUNT", NAMES_A_STEP)
            reply = await self._bulk.ask(*step, timeout_seconds=patience)
            next_one, listed = expect_list(reply)
            names.update(map(expect_bytes, expect_list(listed)[1::2]))
            cursor = expect_bytes(next_one)
            if cursor == b"0":
                return sorted(names)

    async def counts_of(self, names: Sequence[bytes]) -> list[Counts]:
        """The figures of some functions, in one trip. Raises StoreError in an outage; cancelling changes nothing."""
        keys = self._link.keys
        commands = [[b"HGETALL", keys.function(keys.tag(digest_of(name)))] for name in names]
        replies = await ask_all(self._bulk, commands, self._link.store_timeout_seconds)
        return [read_counts(name, reply) for name, reply in zip(names, replies, strict=True)]


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
