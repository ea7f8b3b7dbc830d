"""Whose fault it is when the wire goes wrong, and the words an ERROR packet has for it."""

from typing import Final

__all__ = ["ErrorCode", "LocalProtocolError", "ProtocolError", "RemoteProtocolError"]


class ErrorCode:
    """The first argument of an ERROR packet.

    The first six are gearmand's, and libgearman knows them; any other code it reports as "server error" (18).
    """

    INVALID_MAGIC: Final = b"INVALID_MAGIC"
    INVALID_COMMAND: Final = b"INVALID_COMMAND"
    ARGUMENT_TOO_LARGE: Final = b"ARGUMENT_TOO_LARGE"
    QUEUE_ERROR: Final = b"QUEUE_ERROR"
    UNKNOWN_OPTION: Final = b"UNKNOWN_OPTION"
    JOB_NOT_FOUND: Final = b"JOB_NOT_FOUND"
    INVALID_ARGUMENTS: Final = b"INVALID_ARGUMENTS"
    """Ours, after the word of the text protocol: arguments are missing or wrong, or a command has too many words."""
    INCOMPLETE_PACKET: Final = b"INCOMPLETE_PACKET"
    """Ours: the connection ended in the middle of a packet or of a line."""


class ProtocolError(Exception):
    """Somebody broke the rules of the wire; the subclass says who."""


class LocalProtocolError(ProtocolError):
    """We tried to say what may not be said. Nothing was encoded, nothing has changed; fix the caller."""


class RemoteProtocolError(ProtocolError):
    """They broke the rules.

    A broker answers with ``Error(error.code, error.text)``. If ``fatal``, the bytes that follow mean nothing
    any more: close the connection. If not, the offending packet is already behind us and ``next_event()``
    goes on with the next one. If it was a line of text that broke them (`in_text`), the peer reads lines: the
    same in the words of the text protocol, ``ERR code text``, is what it understands.
    """

    def __init__(self, code: bytes, text: bytes, fatal: bool, in_text: bool = False) -> None:
        super().__init__(code, text, fatal, in_text)
        self.code = code
        self.text = text
        self.fatal = fatal
        self.in_text = in_text

    def __str__(self) -> str:
        return (self.text + b" (" + self.code + b")").decode("ascii", "backslashreplace")
