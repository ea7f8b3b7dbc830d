"""A timetable: the minutes of the calendar at which a job may run, as SUBMIT_JOB_SCHED names them.

Pure reckoning: it is told what time it is, and in which zone clocks are read (docs/decisions/0020).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import count
from typing import Final, NamedTuple

from protocol import SubmitJobSched

LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHOWN: Final = 20
"""Characters of a wrong value that are repeated."""


class TimetableError(ValueError):
    """A field is wrong, or no date has them all; the message says which, and what would be right."""


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12),
    _Field("weekday", 0, 6),
)


@dataclass(frozen=True, slots=True)
class Timetable:
    """What a minute must be to match; None for any. A minute matches when all five do."""

    minute: int | None = None
    hour: int | None = None
    day: int | None = None
    month: int | None = None
    weekday: int | None = None
    """0 is Monday."""

    def next_minute(self, after: int, zone: tzinfo) -> int:
        """The first minute that matches, as clocks in `zone` show it, and begins after `after`; both in unix seconds.

        A minute that clocks show twice matches twice. An hour that is given and that clocks leap over counts as the
        moment of the leap: who wants 02:30 on that day must not wait for a year.
        """
        # Where clocks went back over midnight, the next minute may read as yesterday's.
        begin = datetime.fromtimestamp(after, zone).date() - timedelta(days=1)
        found = (self._first_on(day, after, zone) for day in self._dates(begin))
        return next(instant for instant in found if instant is not None)

    def _dates(self, begin: date) -> Iterator[date]:
        months = range(1, 13) if self.month is None else (self.month,)
        for year in count(begin.year):
            for month in months:
                for day in self._days(year, month):
                    if day >= begin and self.weekday in (None, day.weekday()):
                        yield day

    def _days(self, year: int, month: int) -> Iterator[date]:
        first = date(year, month, 1)
        for day in range(1, 32) if self.day is None else (self.day,):
            found = first + timedelta(days=day - 1)
            if found.month == month:
                yield found

    def _first_on(self, day: date, after: int, zone: tzinfo) -> int | None:
        best: int | None = None
        for hour in range(24) if self.hour is None else (self.hour,):
            begins = datetime(day.year, day.month, day.day, hour)
            # Where clocks change within it, an hour reaches from the earliest to the latest of what its ends may mean.
            if max(_both(begins.replace(minute=59), zone)) <= after:
                continue
            if best is not None and min(_both(begins, zone)) > best:
                break
            for minute in range(60) if self.minute is None else (self.minute,):
                for instant in self._instants(begins.replace(minute=minute), zone):
                    if instant > after and (best is None or instant < best):
                        best = instant
        return best

    def _instants(self, reading: datetime, zone: tzinfo) -> Iterator[int]:
        """When clocks read so: once, twice where they go back, and where they leap over it, when they do."""
        first, second = _both(reading, zone)
        if first <= second:
            yield from {first, second}
        elif self.hour is not None:
            yield _leap_between(second, first, zone)


def _both(reading: datetime, zone: tzinfo) -> tuple[int, int]:
    """What a reading means by the offset before a change of clocks, and by the one behind it.

    Mostly the same. Where clocks go back, the second is the later one; where they leap over the reading, the earlier.
    """
    known = reading.replace(tzinfo=zone)
    return int(known.timestamp()), int(known.replace(fold=1).timestamp())


def _leap_between(before: int, after: int, zone: tzinfo) -> int:
    """The second at which clocks leap forward."""
    offset = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def read_timetable(packet: SubmitJobSched) -> Timetable:
    """The five fields of a submit: each a number, or `*` or nothing for any. Raises TimetableError."""
    texts = (packet.minute, packet.hour, packet.day, packet.month, packet.weekday)
    timetable = Timetable(*map(_read, _FIELDS, texts))
    day, month = timetable.day, timetable.month
    if day is not None and month is not None and day > LONGEST_MONTHS[month - 1]:
        right = f"a day from 1 to {LONGEST_MONTHS[month - 1]}"
        raise TimetableError(f"day {day} of month {month} never comes: give {right}, or * for any")
    return timetable


def _read(field: _Field, text: bytes) -> int | None:
    if text in (b"", b"*"):
        return None
    number = int(text) if re.fullmatch(rb"[0-9]{1,4}", text) else -1
    if not field.lowest <= number <= field.highest:
        shown = repr(text[:_SHOWN])[1:] + ("..." if len(text) > _SHOWN else "")
        right = f"a number from {field.lowest} to {field.highest}"
        monday = " (0 is Monday)" if field.name == "weekday" else ""
        raise TimetableError(f"{field.name} {shown} is wrong: give {right}{monday}, or * for any")
    return number
