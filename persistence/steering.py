"""What an operator changes: jobs cancelled and revived, functions made and dropped, limits of their queues.

All of it is in Redis and so means the same to every broker. It is asked on the pipe that carries the writes, behind
what was handed in before, and may be repeated.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import trio

from persistence.asking_all import ask_all
from persistence.errors import StoreError, StoreUnavailableError
from persistence.introducing import introduce
from persistence.jobs import Limits
from persistence.keys import digest_of
from persistence.link import Link
from persistence.records import Handle, JobId, handle_of, read_handle
from persistence.replies import Command, Reply, expect_bytes
from persistence.scripts import CANCEL, DROP, LIMIT, REVIVE
from persistence.way import Way


class Dropped(Enum):
    """What became of a wish to drop a function."""

    DROPPED = "it is gone"
    UNKNOWN = "there was none of this name"
    BUSY = "it holds jobs"


class Revived(Enum):
    """What became of a wish to have a job run again that was given up. The value is the word the script knows."""

    REVIVED = b"revived"
    """It is queued, as a background job."""
    UNKNOWN = b"unknown"
    """There is none with this handle."""
    ALIVE = b"alive"
    """It is not given up: it is queued, runs, or waits for its time."""
    UNMET = b"unmet"
    """Its function was dropped; when that is made again, the job can be revived."""
    HELD = b"held"
    """Another job holds its unique."""


class Revival(NamedTuple):
    """What became of that wish, and who stood in its way."""

    outcome: Revived
    holder: Handle = Handle(b"")
    """The job that holds the unique, if one does."""


class Steering:
    """The verbs of operators. Each raises StoreError in an outage; what was asked may have been done nonetheless."""

    def __init__(self, link: Link, handle_prefix: bytes) -> None:
        self._link = link
        self._handle_prefix = handle_prefix

    async def cancel(self, handle: bytes) -> bool:
        """End a job, whatever it is about, also one that was given up; False if there is none. One trip.

        Who waits for it at other brokers is told that it failed. Whoever waits here is for the caller to tell.
        """
        read = read_handle(handle)
        if read is None:
            return False
        digest, job = read
        tag = self._link.keys.tag(digest)
        word, tries = await self._repeated(tag, lambda: CANCEL.call(tag, self._link.incarnation, job))
        # The first of several tries, whose answer was lost, may have been the one that found it.
        return word == b"cancelled" or tries > 1

    async def revive(self, handle: bytes) -> Revival:
        """Have a job run again that was given up, from the tail of its queue and with no attempt charged. One trip."""
        read = read_handle(handle)
        if read is None:
            return Revival(Revived.UNKNOWN)
        digest, job = read
        tag = self._link.keys.tag(digest)
        reply, tries = await self._repeated(tag, lambda: REVIVE.call(tag, job))
        if isinstance(reply, list):
            word, holder = map(expect_bytes, reply)
            return Revival(Revived(word), handle_of(self._handle_prefix, digest, JobId(holder)))
        outcome = Revived(expect_bytes(reply))
        # As above: the job may be queued by the first try, and over by now.
        by_an_earlier_try = tries > 1 and outcome in (Revived.ALIVE, Revived.UNKNOWN)
        return Revival(Revived.REVIVED if by_an_earlier_try else outcome)

    async def create(self, name: bytes) -> None:
        """Make a function known, with no jobs. One trip."""
        done = trio.Event()
        introduce(self._link, self._link.functions.meet(name), done.set)
        with trio.move_on_after(self._link.store_timeout_seconds):
            await done.wait()
            return
        raise StoreUnavailableError("Redis did not answer in time", sent=True)

    async def limit(self, name: bytes, limits: Limits) -> None:
        """Limit how many jobs a function may hold, for all brokers and over restarts. One trip."""
        if limits.any:
            function = self._link.functions.meet(name)
            function.may_be_full = True
            introduce(self._link, function)
        tag = self._link.keys.tag(digest_of(name))
        await self._repeated(tag, lambda: LIMIT.call(tag, limits.packed))

    async def drop(self, name: bytes) -> Dropped:
        """Forget a function that holds no job, with its limits and counters. Two trips."""
        keys, digest = self._link.keys, digest_of(name)
        tag = keys.tag(digest)
        word, _ = await self._repeated(tag, lambda: DROP.call(tag))
        if word == b"busy":
            return Dropped.BUSY
        # Also when it is not there: whoever dropped it may have died before it came to the list.
        pipe, is_known = self._link.pipe_with(tag), [b"HEXISTS", keys.function(tag), b"name"]
        unlisted, known = await self._in_order(pipe, [b"HDEL", keys.functions, digest], is_known)
        if known:
            introduce(self._link, self._link.functions.meet(name))  # a submit came in between
        return Dropped.DROPPED if word == b"dropped" or unlisted else Dropped.UNKNOWN

    async def _in_order(self, pipe: Way, *commands: Command) -> list[Reply]:
        """The replies to commands of which each is done before the next."""
        seconds = self._link.store_timeout_seconds
        if pipe.in_order:
            return await ask_all(pipe, commands, seconds)
        return [await pipe.ask(*command, timeout_seconds=seconds) for command in commands]

    async def _repeated(self, tag: bytes, build: Callable[[], Command]) -> tuple[Reply, int]:
        """The reply to a command about a function that may be repeated, and how often it was sent."""
        pipe = self._link.pipe_with(tag)
        tries = int(pipe.reaches(tag))  # if not, `again` makes it the first time, too
        replies: list[Reply] = []
        answered = trio.Event()

        def again() -> Command:
            nonlocal tries
            tries += 1
            return build()

        def answer(reply: Reply) -> None:
            replies.append(reply)
            answered.set()

        pipe.post(build(), answer, again=again, deadline=self._link.deadline())
        await answered.wait()
        (reply,) = replies
        if isinstance(reply, StoreError):
            raise reply
        return reply, tries
