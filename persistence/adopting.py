"""Jobs taken over from another server's queue, each once.

A submit is recognised as a repeat by who sent it; what is imported must be recognised by what it is, because the
second try may come from another process on another day, when the job has long been run. So the store remembers a
*mark* of each, in the same step in which it stores the job (docs/decisions/0015-importing-once.md).
"""

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple, NewType

import trio

from persistence.beside import BARE, BESIDE_BYTES, HandingIn
from persistence.errors import StoreError, StoreRefusedError
from persistence.functions import Function
from persistence.introducing import introduce
from persistence.jobs import Adopted
from persistence.keys import digest_of
from persistence.link import Link
from persistence.records import INCARNATION_BYTES, JobId, job_id, pack_record
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.scripts import ADOPT
from protocol import Priority

Mark = NewType("Mark", bytes)

MARK_BYTES: Final = 16
"""128 bits: among a hundred million jobs, two share a mark with a chance of 1 in 10**23."""
REMEMBERED_SECONDS: Final = 30 * 24 * 3600
"""How long marks are kept after the last import. Whoever imports again after a month means it."""
ANSWER_SECONDS: Final = 60.0
"""How long one may take: nobody waits for it as clients do, and a store that restarts should be waited for."""

AdoptAnswer = Callable[[Adopted | StoreError], None]


class Adoptee(NamedTuple):
    """A job of another server, as it is to be here."""

    function: bytes
    unique: bytes
    """By which it is one with others here; b"" for none."""
    payload: bytes
    priority: Priority
    run_at: int
    """Unix seconds; 0 for at once."""
    mark: Mark


def mark_of(*parts: bytes) -> Mark:
    """The mark of something that is told from all else by these parts, in this order."""
    digest = hashlib.blake2b(digest_size=MARK_BYTES)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return Mark(digest.digest())


class Adopting:
    """Takes jobs over. Each is posted at once; those of one function are queued in the order of the calls."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def adopt(self, function: Function, job: Adoptee, answer: AdoptAnswer) -> None:
        """Store a background job, unless it was taken over before.

        `answer` is called once, with a StoreError when Redis did not confirm it in time: it may be stored all the
        same, and calling this again, in whatever process, finds out.
        """
        _Adoption(self._link, function, job, answer).post()

    def try_out(self, job: Adoptee, answer: AdoptAnswer) -> None:
        """Ask what `adopt` would answer. Changes nothing, so the function need not be known here."""
        tag = self._link.keys.tag(digest_of(job.function))
        deadline = trio.current_time() + ANSWER_SECONDS

        def build() -> Command:
            return _command(tag, job, JobId(b""))

        self._link.pipe.post(build(), lambda reply: answer(_read(reply, JobId(b""))), again=build, deadline=deadline)


class _Adoption:
    """One job on its way. It is held until as many replicas have it as must (`persistence.unconfirmed.Held`)."""

    def __init__(self, link: Link, function: Function, job: Adoptee, answer: AdoptAnswer) -> None:
        self._link = link
        self._function = function
        self._job = job
        self._answer = answer
        self._number = function.next_number(job.unique)
        self._own = job_id(link.incarnation, self._number)
        self._outcome: Adopted | StoreError = Adopted.ADOPTED
        self.deadline = trio.current_time() + ANSWER_SECONDS
        self._beside = HandingIn(link, function, job.payload) if _is_large(job) else None
        self.tag = function.tag
        self.replicas = function.replicas

    def post(self) -> None:
        link, function = self._link, self._function
        link.settle(function)
        error = None if self._beside is None else self._beside.post(self._own, self.deadline)
        if error is not None:
            self._end(error)
            return
        link.pipe_of(function).post(self.command(), self.repeated, again=self.command, deadline=self.deadline)
        if self.replicas:
            link.holding.expect(self.tag, self.replicas)

    def command(self) -> Command:
        return _command(self._function.tag, self._job, self._own)

    def repeated(self, reply: Reply) -> None:
        if reply == b"unmet":  # dropped since we met it
            introduce(self._link, self._function)
            self.post()
            return
        if self._beside is not None and reply == BARE:
            error = self._beside.failed()
            self.post() if error is None else self._end(error)
            return
        if self._beside is not None and isinstance(reply, StoreRefusedError):
            self._beside.discard(self._own)
        self._outcome = _read(reply, self._own)
        if self.replicas and not isinstance(reply, StoreError):
            self._link.holding.hold(self)
        else:
            self.confirmed()

    def confirmed(self) -> None:
        self._function.answered(self._number)
        self._answer(self._outcome)

    def unconfirmed(self, error: StoreError) -> None:
        self._end(error)

    def _end(self, error: StoreError) -> None:
        self._outcome = error
        self.confirmed()


def _is_large(job: Adoptee) -> bool:
    return len(job.payload) > BESIDE_BYTES


def _command(tag: bytes, job: Adoptee, own: JobId) -> Command:
    """Under no id, only to ask."""
    beside = _is_large(job)
    record = pack_record(job.unique, b"", b"" if beside else job.payload, job.priority, background=True, beside=beside)
    run_at = b"%d" % job.run_at if job.run_at else b""
    return ADOPT.call(tag, own, record, run_at, job.mark, REMEMBERED_SECONDS, b"" if own else b"1")


def _read(reply: Reply, own: JobId) -> Adopted | StoreError:
    """What an answer says. A job known by the id we gave it was stored by a try whose answer was lost."""
    if isinstance(reply, StoreError):
        return reply
    if not isinstance(reply, list):
        return Adopted.ADOPTED
    word, job = map(expect_bytes, expect_list(reply)[:2])
    if word == b"joined":
        return Adopted.JOINED
    if job == own:
        return Adopted.ADOPTED
    return Adopted.SEEN if own and job[:INCARNATION_BYTES] == own[:INCARNATION_BYTES] else Adopted.KNOWN
