"""Jobs taken over from another server's queue, each once.

A submit is recognised as a repeat by who sent it; what is imported must be recognised by what it is, because the
second try may come from another process on another day, when the job has long been run. So the store remembers a
*mark* of each, in the same step in which it stores the job (docs/decisions/0015-importing-once.md).
"""

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple, NewType

import trio

from persistence.errors import StoreError
from persistence.functions import Function
from persistence.introducing import introduce
from persistence.jobs import Adopted
from persistence.keys import digest_of
from persistence.link import Link
from persistence.records import INCARNATION_BYTES, JobId, job_id, pack_record
from persistence.replies import Answer, Command, Reply, expect_bytes, expect_list
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
        number = function.next_number()
        own, deadline = job_id(self._link.incarnation, number), trio.current_time() + ANSWER_SECONDS

        def post() -> None:
            self._link.settle(function)
            self._post(function.tag, job, own, deadline, answered)

        def answered(reply: Reply) -> None:
            if reply == b"unmet":  # dropped since we met it
                introduce(self._link, function)
                post()
                return
            function.answered(number)
            answer(_read(reply, own))

        post()

    def try_out(self, job: Adoptee, answer: AdoptAnswer) -> None:
        """Ask what `adopt` would answer. Changes nothing, so the function need not be known here."""
        tag = self._link.keys.tag(digest_of(job.function))
        deadline = trio.current_time() + ANSWER_SECONDS
        self._post(tag, job, JobId(b""), deadline, lambda reply: answer(_read(reply, JobId(b""))))

    def _post(self, tag: bytes, job: Adoptee, own: JobId, deadline: float, answer: Answer) -> None:
        def build() -> Command:
            record = pack_record(job.unique, b"", job.payload, job.priority, background=True)
            run_at = b"%d" % job.run_at if job.run_at else b""
            return ADOPT.call(tag, own, record, run_at, job.mark, REMEMBERED_SECONDS, b"" if own else b"1")

        self._link.pipe.post(build(), answer, again=build, deadline=deadline)


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
