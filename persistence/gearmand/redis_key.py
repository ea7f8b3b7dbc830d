"""gearmand's name of a job in Redis: ``PREFIX-FUNCTION-UNIQUE``, read backwards.

A name with one hyphen behind the prefix says what it means. With more, every hyphen may be the one between function
and unique (gearmand itself takes the first, and so runs the jobs of `send-mail` as jobs of `send` after a restart).
Two things are certain all the same: a unique has at most 64 bytes, and nobody names a function after a piece of a UUID,
which libgearman makes for a job without a unique. For the rest somebody must say which functions there are.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from persistence.gearmand.entries import MAX_UNIQUE

_UUID_AT_END: Final = re.compile(rb"-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z")


class Reading(NamedTuple):
    """One way to read a key."""

    function: bytes
    unique: bytes
    cut: bool = False


class UnreadableKeyError(Exception):
    """A key can be read in no way, or in several; the message says which."""


def read_key(rest: bytes, functions: Collection[bytes]) -> Reading:
    """What a key says behind its prefix and first hyphen.

    Args:
        rest: ``FUNCTION-UNIQUE``.
        functions: every function of that queue, if they are known; empty: unknown.

    Raises:
        UnreadableKeyError: with what is to be done.
    """
    readings = [reading for reading in _readings(rest) if not functions or reading.function in functions]
    if len(readings) == 1:
        return readings[0]
    if not readings and functions:
        raise UnreadableKeyError("its function is none of those given: add it with --function NAME")
    if not readings:
        raise UnreadableKeyError(f"it is not PREFIX-FUNCTION-UNIQUE with a unique of at most {MAX_UNIQUE} bytes")
    names = " or ".join(repr(reading.function.decode("utf-8", "backslashreplace")) for reading in readings)
    if functions:
        raise UnreadableKeyError(f"its function may be {names}, and both were given: run or delete it in gearmand")
    raise UnreadableKeyError(f"its function may be {names}: name every function of the queue with --function NAME")


def _readings(rest: bytes) -> list[Reading]:
    """Every way to read it, the shortest function first."""
    uuid = _UUID_AT_END.search(rest)
    end = uuid.start() + 1 if uuid else len(rest)
    hyphens = [at for at in range(end) if rest[at : at + 1] == b"-"]
    return [_reading(rest[:at], rest[at + 1 :]) for at in hyphens if len(rest) - at - 1 <= MAX_UNIQUE]


def _reading(function: bytes, unique: bytes) -> Reading:
    # A unique of 64 bytes is cut to 63, and then padded to its old length: with a space, in front.
    if len(unique) == MAX_UNIQUE and unique.startswith(b" "):
        return Reading(function, unique[1:], cut=True)
    return Reading(function, unique)
