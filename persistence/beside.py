"""Large payloads: each is a key of its own beside the record of its job, so that no script has to pass it on.

A script that touches a megabyte copies it into Lua and hashes all of it, which costs more than storing it. So it is
handed in by a plain SET, which leaves on the same connection right before the script that stores the job, and
whoever is handed the job fetches it by a plain GET, or has it still: see `Kept`.

What was set expires, unless the script finds it and makes it stay. So whatever is cut, and wherever, there is no job
without its payload and no payload left over; see scripts/includes/beside.lua and docs/decisions/0045-large-payloads.md.
"""

from collections import OrderedDict
from typing import Final

from persistence.errors import StoreError, StoreRefusedError
from persistence.functions import Function
from persistence.link import Link
from persistence.records import JobId
from persistence.replies import Command, Reply
from persistence.scripts import DISCARD

BESIDE_BYTES: Final = 65_000
"""A longer payload is kept beside its record. With what else stands in one, no record is longer than 64 kB then."""

EXPIRES_SECONDS: Final = 60
"""How long it waits for its job, which is right behind it. If a server that stood still lets it go, both come again."""

KEPT_BYTES: Final = 64 * 1024 * 1024
"""So much of what was handed in here is kept here, however many jobs there are."""


MOST_TRIES: Final = 3
"""So often one is handed in that Redis then has not got: a server that evicts may never keep it."""

BARE: Final = b"bare"
"""What a script answers that was to store a job and has not found its payload."""


class HandingIn:
    """One payload on its way beside its job, until Redis has both or neither."""

    def __init__(self, link: Link, function: Function, payload: bytes) -> None:
        self.payload = payload
        self._link = link
        self._function = function
        self._refusal: StoreError | None = None
        self._tries = 0

    def post(self, job: JobId, deadline: float) -> StoreError | None:
        """Hand it in, right before the script that stores this job; why that is no use, if it is refused at once.

        A repeat changes nothing: a job that has it by now must not lose it in a minute.
        """
        key = self._link.keys.payload(self._function.tag, job)
        self._refusal = None

        def build() -> Command:
            return [b"SET", key, self.payload, b"NX", b"EX", EXPIRES_SECONDS]

        def answered(reply: Reply) -> None:
            self._refusal = reply if isinstance(reply, StoreError) else None

        self._link.pipe_of(self._function).post(build(), answered, again=build, deadline=deadline)
        return self._refusal

    def failed(self) -> StoreError | None:
        """The script has not found it. Why there is no hope; None: hand in both again.

        Without a reason it is another server now, or one that stood still, and let it go meanwhile.
        """
        self._tries += 1
        if self._refusal is None and self._tries >= MOST_TRIES:
            return StoreRefusedError("EVICTED", "Redis throws away what it is given: set maxmemory-policy noeviction")
        return self._refusal

    def discard(self, job: JobId) -> None:
        """Redis has refused the job: what was handed in for it need not lie there until it expires."""
        self._link.pipe_of(self._function).post(DISCARD.call(self._function.tag, job), lambda reply: None)


class Kept:
    """Large payloads that were handed in here, until they are handed out here; the oldest goes when there are too many.

    The payload of an id never changes, so what is found here is right, whatever became of the job meanwhile.
    """

    def __init__(self, limit_bytes: int = KEPT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._payloads: OrderedDict[tuple[bytes, JobId], bytes] = OrderedDict()
        self.size = 0
        """Bytes that are kept."""

    def put(self, function: Function, job: JobId, payload: bytes) -> None:
        """Keep one, if it is not longer than all that may be kept."""
        self.take(function, job)
        if len(payload) > self._limit_bytes:
            return
        self._payloads[function.digest, job] = payload
        self.size += len(payload)
        while self.size > self._limit_bytes:
            self.size -= len(self._payloads.popitem(last=False)[1])

    def take(self, function: Function, job: JobId) -> bytes | None:
        """Keep it no longer; what it was, if it was kept."""
        payload = self._payloads.pop((function.digest, job), None)
        if payload is not None:
            self.size -= len(payload)
        return payload
