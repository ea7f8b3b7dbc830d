"""The mailbox: what brokers elsewhere say of jobs that clients here wait for, a stream per function."""

from dataclasses import dataclass, field
from typing import Final

from persistence.errors import StoreError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.jobs import Mail
from persistence.link import Link
from persistence.pipe import Pipe
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.records import JobId

BATCH: Final = 64
"""Entries read at a time."""


@dataclass(slots=True)
class Box:
    """One function's mail, as far as it was read."""

    function: Function
    read_to: bytes = b"-"
    reading: bool = False
    more: bool = False
    gone: list[JobId] = field(default_factory=list)
    """Awaited jobs that are no more; to be told once all mail is read, for it may say how they ended."""


class Mailbox:
    """Reads our mail in order, and each piece once: one read at a time, each from behind the last."""

    def __init__(self, link: Link, bulk: Pipe, events: StoreEvents) -> None:
        self._link = link
        self._bulk = bulk
        self._events = events
        self._boxes: dict[bytes, Box] = {}

    def read(self, function: Function, then_gone: list[JobId] | None = None) -> None:
        """Fetch what has come, hand it on, and then tell of the awaited jobs that are gone without a word."""
        box = self._boxes.get(function.name)
        if box is None:
            box = self._boxes[function.name] = Box(function)
        box.gone += then_gone or ()
        if box.reading:
            box.more = True
        else:
            self._fetch(box)

    def start_anew(self) -> None:
        """A new incarnation has new boxes."""
        self._boxes.clear()

    def _fetch(self, box: Box) -> None:
        box.reading, box.more = True, False
        key = self._link.keys.mailbox(box.function.tag, self._link.incarnation)
        command: Command = [b"XRANGE", key, box.read_to, b"+", b"COUNT", BATCH]
        self._bulk.post(command, lambda reply: self._fetched(box, key, reply), again=lambda: command)

    def _fetched(self, box: Box, key: bytes, reply: Reply) -> None:
        box.reading = False
        if isinstance(reply, StoreError):
            return  # its connection is renewed, and with it everything is read again
        entries = [expect_list(entry) for entry in expect_list(reply)]
        for _, said in entries:
            self._hand_on(box.function, [expect_bytes(part) for part in expect_list(said)])
        if entries:
            stamps = [expect_bytes(stamp) for stamp, _ in entries]
            box.read_to = b"(" + stamps[-1]
            self._bulk.post([b"XDEL", key, *stamps], lambda _: None)
        if box.more or len(entries) == BATCH:
            self._fetch(box)
        else:
            self._tell_of_the_gone(box)
        self._events.batch_done()

    def _tell_of_the_gone(self, box: Box) -> None:
        gone, box.gone = box.gone, []
        for job in gone:
            self._events.awaited_is_gone(box.function, job)

    def _hand_on(self, function: Function, fields: list[bytes]) -> None:
        said = dict(zip(fields[::2], fields[1::2], strict=True))
        self._events.mail_came(function, Mail(JobId(said[b"id"]), said[b"kind"], said[b"data"]))
