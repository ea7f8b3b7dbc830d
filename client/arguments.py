"""What callers hand in, made ready for the wire, or refused with a sentence before anything is sent."""

import math
from datetime import datetime

__all__ = [
    "as_bytes",
    "checked_handle",
    "checked_reducer",
    "checked_seconds",
    "checked_unique",
    "must_be_counts",
    "unix_seconds",
]

LONGEST_UNIQUE = 63
"""In gearmand the protocol's 64 bytes include a NUL: of 64 it stores 63, gives the worker a payload that
begins with a NUL, and never answers a question for such a unique, so that every later answer would meet the
wrong caller. libgearman cuts silently; we say so."""

LONGEST_HANDLE = 63  # no server hands out a longer one, and gearmand does not answer a question for one

LATEST = 2**63 - 1  # gearmand cuts the connection at a later second


def as_bytes(text: bytes | str, what: str) -> bytes:
    """Text is UTF-8 on the wire; TypeError, which names it, if it is neither text nor bytes."""
    if isinstance(text, str):
        return text.encode()
    if not isinstance(text, bytes):
        raise TypeError(f"{what} is bytes or text, not {type(text).__name__}")
    return text


def checked_unique(unique: bytes | str) -> bytes:
    """A unique that every server takes whole; ValueError if it is too long."""
    checked = as_bytes(unique, "a unique")
    if len(checked) > LONGEST_UNIQUE:
        raise ValueError(f"a unique has at most {LONGEST_UNIQUE} bytes, this one has {len(checked)}")
    return checked


def checked_reducer(reducer: bytes | str) -> bytes:
    """A reducer's name that every server takes; ValueError if it is longer than a unique, as gearmand wants it."""
    checked = as_bytes(reducer, "a reducer")
    if len(checked) > LONGEST_UNIQUE:
        raise ValueError(f"a reducer has at most {LONGEST_UNIQUE} bytes, this one has {len(checked)}")
    return checked


def checked_handle(handle: bytes | str) -> bytes:
    """A handle that every server answers to; ValueError if there cannot be such a handle."""
    checked = as_bytes(handle, "a handle")
    if not 0 < len(checked) <= LONGEST_HANDLE:
        raise ValueError(f"a handle has 1 to {LONGEST_HANDLE} bytes, this one has {len(checked)}")
    return checked


def unix_seconds(when: datetime | float) -> int:
    """The first full second at or after `when`, so that no job runs early; ValueError without a time zone."""
    if isinstance(when, datetime):
        if when.utcoffset() is None:
            raise ValueError("run_at has no time zone: what time it is meant to be cannot be known")
        when = when.timestamp()
    if not isinstance(when, int | float):
        raise TypeError(f"run_at is a datetime, unix seconds or a CalendarMinute, not {when!r}")
    if not 0 <= when <= LATEST:
        raise ValueError(f"run_at must be between 0 and {LATEST} unix seconds, not {when}")
    return math.ceil(when)


def checked_seconds(seconds: float) -> float:
    """How long to wait; ValueError if nothing can be done in it."""
    if not seconds > 0:  # not a number is none either
        raise ValueError(f"a time-out is above 0 seconds (math.inf: none), not {seconds}")
    return seconds


def must_be_counts(**numbers: int) -> None:
    """ValueError names the one that is below 1."""
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
