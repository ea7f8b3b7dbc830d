"""The kinds of argument a packet may have, and what each may hold.

An argument that another one follows ends with a NUL and so cannot hold one. gearmand keeps arguments in a
buffer of 8192 bytes; what exceeds that is refused here too, for such a name is nobody's function.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from protocol.errors import ErrorCode, LocalProtocolError, RemoteProtocolError
from protocol.numerals import LARGEST_NUMBER, read_number

__all__ = ["ARGUMENT_LIMIT", "UNIQUE_LIMIT", "Kind", "reader_of", "writer_of"]

ARGUMENT_LIMIT: Final = 8192
"""Bytes of any argument that is not data."""

UNIQUE_LIMIT: Final = 64
"""Bytes of a unique or reducer in a submit. gearmand keeps 63 and corrupts the payload; we keep all 64."""


class Kind(Enum):
    """What an argument is."""

    NAME = auto()
    """A name in the manner of C: a NUL ends it, so a stray one behind a final name is not part of it."""
    UNIQUE = auto()
    """A name of at most ``UNIQUE_LIMIT`` bytes."""
    NUMBER = auto()
    """Decimal text for a number from 0 to ``LARGEST_NUMBER``."""
    FLAG = auto()
    """``1`` or ``0``."""
    VERBATIM = auto()
    """Final only: kept as it came, NULs included, yet within ``ARGUMENT_LIMIT``."""
    DATA = auto()
    """Final only: opaque, as long as the body allows."""
    RESULT = auto()
    """Final only: as ``DATA``, and empty if the NUL before it is missing: so Perl workers say an empty result."""


def reader_of(kind: Kind, *, final: bool) -> Callable[[bytes], object] | None:
    """What turns the bytes of an argument into its value; None where they are the value."""
    if kind is Kind.NAME and not final:
        return None
    return _READERS[kind]


def writer_of(kind: Kind) -> Callable[..., bytes]:
    """What turns the value of an argument into its bytes, or raises ``LocalProtocolError``."""
    return _WRITERS[kind]


def _read_final_name(argument: bytes) -> bytes:
    return argument.partition(b"\0")[0] if b"\0" in argument else argument


def _read_unique(argument: bytes) -> bytes:
    if len(argument) > UNIQUE_LIMIT:
        raise RemoteProtocolError(ErrorCode.ARGUMENT_TOO_LARGE, b"Unique value too large", fatal=False)
    return argument


def _read_flag(argument: bytes) -> bool:
    return read_number(argument) != 0


def _write_data(value: bytes) -> bytes:
    return value


def _write_verbatim(value: bytes) -> bytes:
    if len(value) > ARGUMENT_LIMIT:
        raise LocalProtocolError(f"an argument of {len(value)} bytes is longer than {ARGUMENT_LIMIT}")
    return value


def _write_name(value: bytes) -> bytes:
    if b"\0" in value:
        raise LocalProtocolError(f"NUL in an argument that is not data: {value[:80]!r}")
    return value if len(value) <= ARGUMENT_LIMIT else _write_verbatim(value)


def _write_unique(value: bytes) -> bytes:
    if len(value) > UNIQUE_LIMIT:
        raise LocalProtocolError(f"a unique or reducer of {len(value)} bytes is longer than {UNIQUE_LIMIT}")
    return _write_name(value)


def _write_number(value: int) -> bytes:
    if not 0 <= value <= LARGEST_NUMBER:
        raise LocalProtocolError(f"{value} is not between 0 and {LARGEST_NUMBER}")
    return b"%d" % value


def _write_flag(value: bool) -> bytes:
    return b"1" if value else b"0"


_READERS: Final[dict[Kind, Callable[[bytes], object] | None]] = {
    Kind.NAME: _read_final_name,
    Kind.UNIQUE: _read_unique,
    Kind.NUMBER: read_number,
    Kind.FLAG: _read_flag,
    Kind.VERBATIM: None,
    Kind.DATA: None,
    Kind.RESULT: None,
}

_WRITERS: Final[dict[Kind, Callable[..., bytes]]] = {
    Kind.NAME: _write_name,
    Kind.UNIQUE: _write_unique,
    Kind.NUMBER: _write_number,
    Kind.FLAG: _write_flag,
    Kind.VERBATIM: _write_verbatim,
    Kind.DATA: _write_data,
    Kind.RESULT: _write_data,
}
