"""Listings of jobs, of dead jobs and of uniques, read page by page: a million of them hold up neither Redis nor us.

A page is asked for as soon as the one before it has come, so Redis looks for it while that one is being used. What is
there from the first page to the last is on one of them; what comes or goes meanwhile may be, and a few may be twice.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

import trio

from persistence.asking_all import ask_all
from persistence.keys import digest_of
from persistence.link import Link
from persistence.records import Handle, JobId, handle_of
from persistence.replies import Command, Reply, expect_bytes, expect_int, expect_list
from persistence.scripts import PAGE, PAGE_DEAD, Script
from persistence.way import Way

ListedT = TypeVar("ListedT")

FEWEST_JOBS: Final = 1
MOST_JOBS: Final = 250
PAGE_RECORD_BYTES: Final = 262_144
"""So much of records a page should make Redis look at. It cannot look at a field without its value."""
PAGE_UNIQUES: Final = 500
FIRST_CURSOR: Final = b"0"


class ListedJob(NamedTuple):
    """A job as listings have it. A named tuple, because one is made for each of a million."""

    handle: Handle
    retries: int
    """How often a run of it ended without a result and was charged to it."""
    kind: bytes
    """b"background", b"waited for", or b"abandoned": it runs for nobody, and will not run again."""


class DeadJob(NamedTuple):
    """A job that was given up."""

    handle: Handle
    since: int
    """The second of Redis's clock at which it was given up, unix time."""
    attempts: int
    """How often it was handed out."""


class Pages:
    """The pages of one walk. `command` makes the question for a cursor; nothing is asked before `begin` or `next`."""

    def __init__(self, link: Link, bulk: Way, command: Callable[[bytes], Command]) -> None:
        self._link = link
        self._bulk = bulk
        self._command = command
        self._ended = False
        self._reply: Reply = None
        self._came = trio.Event()
        self._asked = False

    def begin(self) -> None:
        """Ask for the first page, to be there when `next` is called."""
        if not self._asked:
            self._ask(FIRST_CURSOR)

    async def next(self) -> list[Reply] | None:
        """The next page, with its cursor; None behind the last. Raises StoreError. Cancelled, it may go on."""
        if self._ended:
            return None
        self.begin()
        await self._came.wait()
        page = expect_list(self._reply)
        cursor = expect_bytes(page[0])
        self.passed(page)
        if cursor == FIRST_CURSOR:
            self._ended = True
        else:
            self._ask(cursor)
        return page

    def passed(self, page: list[Reply]) -> None:
        """Called with each page, before the next one is asked for."""

    def _ask(self, cursor: bytes) -> None:
        self._asked = True
        self._came = came = trio.Event()

        def answer(reply: Reply) -> None:
            self._reply = reply
            came.set()

        self._bulk.post(self._command(cursor), answer, deadline=self._link.deadline())


class RecordPages(Pages, Generic[ListedT]):
    """Jobs of one function, of each of which the script for a page tells the id and two words more: what `read` takes.

    A page is as long as the records on the one before it let it be.
    """

    def __init__(
        self,
        link: Link,
        bulk: Way,
        script: Script,
        function: bytes,
        read: Callable[[JobId, Reply, Reply], ListedT],
    ) -> None:
        tag = link.keys.tag(digest_of(function))
        super().__init__(link, bulk, lambda cursor: script.call(tag, cursor, self._count))
        self._count = FEWEST_JOBS
        self._read = read

    def passed(self, page: list[Reply]) -> None:
        """See Pages."""
        length = expect_int(page[1])
        looked_at = max(1, (len(page) - 2) // 3)
        fitting = PAGE_RECORD_BYTES * looked_at // max(1, length)
        self._count = max(FEWEST_JOBS, min(MOST_JOBS, fitting, self._count * 4))

    async def jobs(self) -> list[ListedT] | None:
        """The jobs on the next page, perhaps none; None behind the last. Raises StoreError."""
        page = await self.next()
        if page is None:
            return None
        read, words = self._read, zip(page[2::3], page[3::3], page[4::3], strict=True)
        return [read(JobId(expect_bytes(job)), one, other) for job, one, other in words]


class UniquePages(Pages):
    """The uniques of one function's jobs."""

    def __init__(self, link: Link, bulk: Way, function: bytes) -> None:
        key = link.keys.uniques(link.keys.tag(digest_of(function)))
        super().__init__(link, bulk, lambda cursor: [b"HSCAN", key, cursor, b"COUNT", PAGE_UNIQUES])

    async def uniques(self) -> list[bytes] | None:
        """The uniques on the next page, perhaps none; None behind the last. Raises StoreError."""
        page = await self.next()
        return None if page is None else [expect_bytes(unique) for unique in expect_list(page[1])[::2]]


class Listing:
    """Opens listings. Read on the pipe that holds up nobody: it sees what Redis has confirmed before."""

    def __init__(self, link: Link, bulk: Way, handle_prefix: bytes) -> None:
        self._link = link
        self._bulk = bulk
        self._handle_prefix = handle_prefix

    def jobs(self, function: bytes) -> RecordPages[ListedJob]:
        """All jobs of a function that are not over."""
        spelled = self._handles(function)

        def read(job: JobId, retries: Reply, kind: Reply) -> ListedJob:
            return ListedJob(spelled(job), expect_int(retries), expect_bytes(kind))

        return RecordPages(self._link, self._bulk, PAGE, function, read)

    async def with_dead(self, functions: Sequence[bytes]) -> list[bytes]:
        """Those of these functions that have jobs that were given up. One trip. Raises StoreError in an outage."""
        keys = self._link.keys
        commands: list[Command] = [[b"EXISTS", keys.dead(keys.tag(digest_of(name)))] for name in functions]
        replies = await ask_all(self._bulk, commands, self._link.store_timeout_seconds)
        return [name for name, reply in zip(functions, replies, strict=True) if reply]

    def dead(self, function: bytes) -> RecordPages[DeadJob]:
        """The jobs of a function that were given up."""
        spelled = self._handles(function)

        def read(job: JobId, since: Reply, attempts: Reply) -> DeadJob:
            return DeadJob(spelled(job), expect_int(since), expect_int(attempts))

        return RecordPages(self._link, self._bulk, PAGE_DEAD, function, read)

    def uniques(self, function: bytes) -> UniquePages:
        """The uniques of those that have one."""
        return UniquePages(self._link, self._bulk, function)

    def _handles(self, function: bytes) -> Callable[[JobId], Handle]:
        return partial(handle_of, self._handle_prefix, digest_of(function))
