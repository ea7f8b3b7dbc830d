"""What a job tells on its way, kept until its caller reads it, and never more of it than agreed.

The connection cannot wait for a caller who does not read: all other jobs on it would wait too, and in the end
the server would drop us. Nor may the pile grow for ever. So the pile has an end: progress that nobody looked
at gives way to newer progress, and when data and warnings exceed the limit, the first piece that does not fit
ends the updates. They are not thinned out: a gap in the data of a result would be a lie. The job itself goes
on, and its result is not touched.
"""

import re
from collections import deque

from client.attachment import News
from client.records import Data, Progress, Update, Warned
from protocol import WorkData, WorkStatus, WorkWarning

__all__ = ["PartialResult", "UpdateBuffer"]

LEADING_DIGITS = re.compile(rb"[0-9]{1,18}")
"""Eighteen fit 64 bits; a worker that sends more means nothing by it."""

RECORD_BYTES = 100
"""What an update costs besides its payload, so that a million empty ones are bounded as well."""


class UpdateBuffer:
    """The unread updates of one job, oldest first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size = 0
        self._updates: deque[Update] = deque()
        self._overrun = False

    def add(self, packet: News) -> None:
        """Keeps an update, or notes that from here on updates are lost.

        An empty buffer takes any one, whatever its size.
        """
        update = _update(packet)
        if self._overrun:
            return
        if self._updates and isinstance(update, Progress) and isinstance(self._updates[-1], Progress):
            self._updates[-1] = update
        elif self._updates and self._size + _cost(update) > self._limit_bytes:
            self._overrun = True
        else:
            self._updates.append(update)
            self._size += _cost(update)

    def pop(self) -> Update | None:
        """The oldest unread update, or None."""
        if not self._updates:
            return None
        update = self._updates.popleft()
        self._size -= _cost(update)
        return update

    @property
    def overrun(self) -> bool:
        """Behind the updates that are here, others were lost."""
        return self._overrun


class PartialResult:
    """The data a job sent on its way, for those who only want the whole."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size = 0
        self._parts: list[bytes] = []

    def add(self, packet: News) -> None:
        """Keeps data and drops everything else, and everything once the limit is passed."""
        if not isinstance(packet, WorkData):
            return
        self._size += len(packet.payload)
        if self._size <= self._limit_bytes:
            self._parts.append(packet.payload)
        else:
            self._parts.clear()

    @property
    def too_large(self) -> bool:
        """More came than may be kept."""
        return self._size > self._limit_bytes

    def joined_with(self, last: bytes) -> bytes:
        """The whole result, unless it is too large; `last` is what came with WORK_COMPLETE."""
        return b"".join((*self._parts, last))


def _update(packet: News) -> Update:
    match packet:
        case WorkData(payload=payload):
            return Data(payload)
        case WorkWarning(payload=payload):
            return Warned(payload)
        case WorkStatus(numerator=numerator, denominator=denominator):
            return Progress(_number(numerator), _number(denominator))


def _cost(update: Update) -> int:
    return RECORD_BYTES if isinstance(update, Progress) else RECORD_BYTES + len(update.payload)


def _number(text: bytes) -> int:
    """Progress travels as its worker wrote it; leading digits count, as they do for the server."""
    digits = LEADING_DIGITS.match(text)
    return int(digits.group()) if digits else 0
