"""Packets by name: the protocol's table of packet types, as the dialogues know it, and how packets are spelled.

It is written down here once more, apart from the package `protocol`, so that a slip there does not correct itself.
"""

import re
from dataclasses import dataclass
from typing import Final

from tests.dialogues.notation import NotationError

__all__ = ["HEADER_BYTES", "TEXT", "TYPES", "Heard", "header", "name_of", "packet", "unescape", "words_of"]

HEADER_BYTES: Final = 12
REQUEST: Final = b"\0REQ"
RESPONSE: Final = b"\0RES"
TEXT: Final = "text"

_SUBMIT: Final = 3
_REDUCE: Final = 5
TYPES: Final[dict[str, tuple[int, int]]] = {
    "CAN_DO": (1, 1),
    "CANT_DO": (2, 1),
    "RESET_ABILITIES": (3, 0),
    "PRE_SLEEP": (4, 0),
    "NOOP": (6, 0),
    "SUBMIT_JOB": (7, _SUBMIT),
    "JOB_CREATED": (8, 1),
    "GRAB_JOB": (9, 0),
    "NO_JOB": (10, 0),
    "JOB_ASSIGN": (11, 3),
    "WORK_STATUS": (12, 3),
    "WORK_COMPLETE": (13, 2),
    "WORK_FAIL": (14, 1),
    "GET_STATUS": (15, 1),
    "ECHO_REQ": (16, 1),
    "ECHO_RES": (17, 1),
    "SUBMIT_JOB_BG": (18, _SUBMIT),
    "ERROR": (19, 2),
    "STATUS_RES": (20, 5),
    "SUBMIT_JOB_HIGH": (21, _SUBMIT),
    "SET_CLIENT_ID": (22, 1),
    "CAN_DO_TIMEOUT": (23, 2),
    "ALL_YOURS": (24, 0),
    "WORK_EXCEPTION": (25, 2),
    "OPTION_REQ": (26, 1),
    "OPTION_RES": (27, 1),
    "WORK_DATA": (28, 2),
    "WORK_WARNING": (29, 2),
    "GRAB_JOB_UNIQ": (30, 0),
    "JOB_ASSIGN_UNIQ": (31, 4),
    "SUBMIT_JOB_HIGH_BG": (32, _SUBMIT),
    "SUBMIT_JOB_LOW": (33, _SUBMIT),
    "SUBMIT_JOB_LOW_BG": (34, _SUBMIT),
    "SUBMIT_JOB_SCHED": (35, 8),
    "SUBMIT_JOB_EPOCH": (36, 4),
    "SUBMIT_REDUCE_JOB": (37, _REDUCE),
    "SUBMIT_REDUCE_JOB_BACKGROUND": (38, _REDUCE),
    "GRAB_JOB_ALL": (39, 0),
    "JOB_ASSIGN_ALL": (40, 5),
    "GET_STATUS_UNIQUE": (41, 1),
    "STATUS_RES_UNIQUE": (42, 6),
}
"""Number and count of arguments of each type."""

_NAMES: Final = {number: name for name, (number, _) in TYPES.items()}
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|.)")
_ESCAPED: Final = {"0": "\0", "s": " ", "t": "\t", "r": "\r", "n": "\n", "\\": "\\", "'": "'"}


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet, or a line of text with its end."""

    name: str
    body: bytes

    def __str__(self) -> str:
        if len(self.body) > 300:
            return f"{self.name} {self.body[:300]!r}... ({len(self.body)} bytes)"
        return f"{self.name} {self.body!r}"

    def arguments(self, count: int) -> list[bytes]:
        """The body cut into so many arguments; fewer if there are fewer."""
        if count == 0:
            return [self.body] if self.body else []
        return self.body.split(b"\0", count - 1)


def unescape(text: str) -> bytes:
    """The bytes that a text stands for. Raises NotationError for an escape that is none."""

    def character(escape: re.Match[str]) -> str:
        code = escape[1]
        if code[0] == "x" and len(code) == 3:
            return chr(int(code[1:], 16))
        if code not in _ESCAPED:
            raise NotationError(f"what is {escape[0]}?")
        return _ESCAPED[code]

    return _ESCAPE.sub(character, "" if text == "''" else text).encode("latin-1")


def words_of(kind: str, text: str) -> list[str]:
    """The arguments of a packet as they are written. The last that a type has may hold blanks."""
    named = kind.removeprefix("res:")
    return text.split(None, max(0, TYPES[named][1] - 1)) if named in TYPES else text.split()


def name_of(number: int) -> str:
    """The name of a packet type, or its number where it has none."""
    return _NAMES.get(number, str(number))


def header(kind: str, length: int) -> bytes:
    """Twelve bytes; `kind` is a name or a number, `res:` before it gives it the magic of responses."""
    magic = RESPONSE if kind.startswith("res:") else REQUEST
    kind = kind.removeprefix("res:")
    number = int(kind) if kind.isdigit() else TYPES[kind][0]
    return magic + number.to_bytes(4, "big") + length.to_bytes(4, "big")


def packet(kind: str, arguments: list[bytes]) -> bytes:
    """A packet. Raises NotationError if a type has another number of arguments, and no `!` says that this is meant."""
    named = kind.removeprefix("res:")
    if named in TYPES and len(arguments) != TYPES[named][1]:
        raise NotationError(f"{kind} has {TYPES[named][1]} arguments")
    body = b"\0".join(arguments)
    return header(kind.removesuffix("!"), len(body)) + body
