"""When a job is to run, as people write it."""

import re
import time
from datetime import datetime

from client.arguments import LATEST
from client.calendar_minute import FIELDS, CalendarMinute
from client.submission import When

__all__ = ["FORMS", "moment"]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

FORMS = "unix seconds, +90s, +10m, +2h, +1d, 2030-01-31T08:00, or minute=30,hour=2"


def moment(text: str) -> When:
    """Reads one of the forms; ValueError tells which there are.

    A date without a time zone is meant as the clock of this machine shows it.

    >>> moment("1700000000")
    1700000000
    >>> moment("hour=2,minute=30")
    CalendarMinute(minute=30, hour=2, day=None, month=None, weekday=None)
    >>> moment("2030-01-31T08:00Z").isoformat()
    '2030-01-31T08:00:00+00:00'
    """
    if text.isdecimal():
        return _second(int(text))
    if later := re.fullmatch(r"\+(\d+)([smhd])", text):
        return _second(int(time.time()) + int(later[1]) * UNITS[later[2]])
    if "=" in text:
        return _minute(text)
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise ValueError(f"{text!r} is no time: give {FORMS}") from None


def _second(when: int) -> int:
    if when > LATEST:
        raise ValueError(f"a time is 0 to {LATEST} unix seconds, not {when}")
    return when


def _minute(text: str) -> CalendarMinute:
    fields: dict[str, int] = {}
    for field in text.split(","):
        name, _, value = field.partition("=")
        if name not in FIELDS or not value.isdecimal():
            there_are = ", ".join(FIELDS)
            raise ValueError(f"{field!r} is no field of a minute: give {there_are}, each as name=number")
        if name in fields:
            raise ValueError(f"{name!r} is given twice: give one number for each field")
        fields[name] = int(value)
    return CalendarMinute(**fields)
