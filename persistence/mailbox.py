"""The mailbox: what brokers elsewhere say of jobs that clients here wait for, a stream per function."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import trio

from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.jobs import Mail
from persistence.link import Link
from persistence.records import Incarnation, JobId
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.scripts import TRIM
from persistence.way import Way

BATCH: Final = 64
"""Entries read at a time."""
RETRY_SECONDS: Final = 0.25


@dataclass(slots=True)
class Box:
    """One function's mail to one incarnation, as far as it was read."""

    function: Function
    owner: Incarnation
    read_to: bytes = b"-"
    reading: bool = False
    more: bool = False
    gone: list[JobId] = field(default_factory=list)
    """Awaited jobs that are no more; to be told once all mail is read, for it may say how they ended."""


class Mailbox:
    """Reads our mail in order, and each piece once: one read at a time, each from behind the last."""

    def __init__(self, link: Link, bulk: Way, events: StoreEvents) -> None:
        self._link = link
        self._bulk = bulk
        self._events = events
        self._boxes: dict[bytes, Box] = {}
        self._refused: list[Box] = []
        self._untrimmed: list[Command] = []
        self._refusing = trio.Event()

    def read(self, function: Function, then_gone: list[JobId] | None = None) -> None:
        """Fetch what has come, hand it on, and then tell of the awaited jobs that are gone without a word."""
        box = self._boxes.get(function.name)
        if box is None:
            box = self._boxes[function.name] = Box(function, self._link.incarnation)
        box.gone += then_gone or ()
        if box.reading:
            box.more = True
        else:
            self._fetch(box)

    def read_again(self, concerns: Callable[[bytes], bool]) -> None:
        """The pipe that reads has found its server again: fetch what has come, where that concerns a function's tag.

        What it asked before may have been a server that is master no longer and had none of it, though notices came of
        it on the other pipe.
        """
        for box in tuple(self._boxes.values()):
            if concerns(box.function.tag):
                self.read(box.function)

    def start_anew(self) -> None:
        """A new incarnation has new boxes."""
        self._boxes.clear()

    async def run(self) -> None:
        """The duty that reads once more what Redis refused to show, and clears away what it refused to. Endless."""
        while True:
            await self._refusing.wait()
            await trio.sleep(RETRY_SECONDS)
            self._refusing = trio.Event()
            refused, self._refused = self._refused, []
            for box in refused:
                self._fetch(box)
            untrimmed, self._untrimmed = self._untrimmed, []
            for command in untrimmed:
                self._post_trim(command)

    def _fetch(self, box: Box) -> None:
        box.reading, box.more = True, False
        key = self._link.keys.mailbox(box.function.tag, box.owner)
        command: Command = [b"XRANGE", key, box.read_to, b"+", b"COUNT", BATCH]
        self._bulk.post(command, lambda reply: self._fetched(box, reply), again=lambda: command)

    def _fetched(self, box: Box, reply: Reply) -> None:
        if isinstance(reply, StoreRefusedError):
            self._refused.append(box)
            self._refusing.set()
        elif isinstance(reply, StoreError):
            box.reading = False  # the pipe has ended
        elif box.function.unanswered:
            self._behind_the_answers(box, expect_list(reply))
        else:
            self._take(box, expect_list(reply))

    def _behind_the_answers(self, box: Box, entries: list[Reply]) -> None:
        # The answers to submits come on another pipe, and who waits is only known from them. What Redis had
        # answered there before it showed us this mail has come when a command sent now is answered.
        def answered(reply: Reply) -> None:
            if isinstance(reply, StoreUnavailableError):
                self._fetch(box)  # it broke: the submits come again first, and the mail is still there
            else:
                self._take(box, entries)

        self._link.pipe_of(box.function).post([b"EXISTS", box.function.tag], answered)

    def _take(self, box: Box, entries: list[Reply]) -> None:
        box.reading = False
        stamp, length = b"", 0
        for entry in entries:
            last, said = expect_list(entry)
            stamp = expect_bytes(last)
            length += self._hand_on(box, [expect_bytes(part) for part in expect_list(said)])
        if entries:
            box.read_to = b"(" + stamp
            self._trim(box, stamp, length, len(entries))
        if box.more or len(entries) == BATCH:
            self._fetch(box)
        elif self._boxes.get(box.function.name) is box:
            self._tell_of_the_gone(box)

    def _hand_on(self, box: Box, fields: list[bytes]) -> int:
        said = dict(zip(fields[::2], fields[1::2], strict=True))
        if self._boxes.get(box.function.name) is box:
            self._events.mail_came(box.function, Mail(JobId(said[b"id"]), said[b"kind"], said[b"data"]))
        return len(said[b"data"])

    def _trim(self, box: Box, stamp: bytes, length: int, entries: int) -> None:
        milliseconds, _, count = stamp.partition(b"-")
        first_kept = b"%b-%d" % (milliseconds, int(count) + 1)
        self._post_trim(TRIM.call(box.function.tag, box.owner, first_kept, length, entries))

    def _post_trim(self, command: Command) -> None:
        def answered(reply: Reply) -> None:
            if isinstance(reply, StoreRefusedError):
                # Left there, it would count against what the box may hold until the next mail comes, if any does.
                self._untrimmed.append(command)
                self._refusing.set()

        self._bulk.post(command, answered, again=lambda: command)

    def _tell_of_the_gone(self, box: Box) -> None:
        gone, box.gone = box.gone, []
        for job in gone:
            self._events.awaited_is_gone(box.function, job)
