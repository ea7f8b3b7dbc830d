"""The text commands of `Admin`: what is said to the server, and how its reply is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from client.admin_records import connected_peer, dead_job, function_queues, function_status, listed_job, rows
from client.arguments import as_bytes
from client.errors import RefusedError, UnreadableReplyError
from client.text_replies import IsWhole, is_line, is_list_or_refusal, line_of, list_of

__all__ = [
    "GETPID",
    "PRIORITYSTATUS",
    "SHOW_DEAD",
    "SHOW_JOBS",
    "SHOW_UNIQUE_JOBS",
    "STATUS",
    "UNLIMITED",
    "VERBOSE",
    "VERSION",
    "WORKERS",
    "Command",
    "cancel_job",
    "create_function",
    "drop_function",
    "maxqueue",
    "revive_job",
    "shutdown",
]

UNLIMITED: Final = 0  # as the server's command has it

AnswerT = TypeVar("AnswerT")
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Command(Generic[AnswerT]):
    """A command, where its reply ends, and what the reply means."""

    line: bytes
    is_whole: IsWhole
    read: Callable[[bytes], AnswerT]
    """Raises RefusedError or UnreadableReplyError."""

    @property
    def data(self) -> bytes:
        """As it is sent: with LF alone, gearmand cuts the last letter of some commands."""
        return self.line + b"\r\n"


def _listing(line: bytes, read_row: Callable[[bytes], RecordT]) -> Command[tuple[RecordT, ...]]:
    return Command(line, is_list_or_refusal, lambda reply: rows(list_of(reply), read_row))


def _value(reply: bytes) -> str:
    return line_of(reply).removeprefix(b"OK ").decode("utf-8", "replace")


def _process_id(reply: bytes) -> int:
    pid = _value(reply)
    if not pid.isdecimal():
        raise UnreadableReplyError(f"the server's process id is no number: {pid!r}")
    return int(pid)


STATUS: Final = _listing(b"status", function_status)
PRIORITYSTATUS: Final = _listing(b"prioritystatus", function_queues)
WORKERS: Final = _listing(b"workers", connected_peer)
SHOW_JOBS: Final = _listing(b"show jobs", listed_job)
SHOW_UNIQUE_JOBS: Final = _listing(b"show unique jobs", bytes)
SHOW_DEAD: Final = _listing(b"show dead", dead_job)
VERSION: Final = Command(b"version", is_line, _value)
VERBOSE: Final = Command(b"verbose", is_line, _value)
GETPID: Final = Command(b"getpid", is_line, _process_id)


def cancel_job(handle: bytes | str) -> Command[bool]:
    """``cancel job``; False if the server does not know it."""
    return Command(_line(b"cancel job", handle), is_line, lambda reply: _found(reply, b"UNKNOWN_JOB"))


def revive_job(handle: bytes | str) -> Command[bool]:
    """``revive job``; False if the server knows none that was given up."""
    none_of_these = (b"UNKNOWN_JOB", b"NOT_GIVEN_UP")
    return Command(_line(b"revive job", handle), is_line, lambda reply: _found(reply, *none_of_these))


def create_function(function: bytes | str) -> Command[None]:
    """``create function``."""
    return Command(_line(b"create function", function), is_line, _obeyed)


def drop_function(function: bytes | str) -> Command[None]:
    """``drop function``."""
    return Command(_line(b"drop function", function), is_line, _obeyed)


def maxqueue(function: bytes | str, *limits: int) -> Command[None]:
    """``maxqueue`` with its three limits; ValueError if one is negative."""
    for limit in limits:
        if limit < 0:
            raise ValueError(f"a queue's limit is 0 (none) or above, not {limit}")
    return Command(_line(b"maxqueue", function, *(b"%d" % limit for limit in limits)), is_line, _obeyed)


def shutdown(*, graceful: bool) -> Command[None]:
    """``shutdown``, or ``shutdown graceful``."""
    return Command(_line(b"shutdown", *([b"graceful"] if graceful else [])), is_line, _obeyed)


def _obeyed(reply: bytes) -> None:
    line = line_of(reply)
    if line != b"OK":
        raise UnreadableReplyError(f"the server neither obeys nor refuses: {line!r}")


def _found(reply: bytes, *not_found: bytes) -> bool:
    """Whether the server obeyed; a refusal with one of these codes says that there is no such job."""
    try:
        _obeyed(reply)
    except RefusedError as error:
        if error.code in not_found:
            return False
        raise
    return True


def _line(command: bytes, *words: bytes | str) -> bytes:
    """ValueError if a word cannot be said."""
    said = [as_bytes(word, "a word of a command") for word in words]
    for word in said:
        if not word or any(byte in b" \r\n\0" for byte in word):
            raise ValueError(f"a text command cannot say {word!r}: it is empty, or has a space or a line end in it")
    return b" ".join((command, *said))
