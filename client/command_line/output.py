"""What commands write: lines for people, JSON for programs."""

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

__all__ = ["Field", "Output", "UnwritableError", "as_text", "content", "harmless"]

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_UNESCAPED: Final = {code: f"\\u{code:04x}" for code in (*range(127, 160), 0x2028, 0x2029)}
"""What JSON may hold as it is, though a terminal or a reader of lines would take it for more than a character."""

Field: TypeAlias = str | int | float | bool | list[dict[str, "Field"]] | None


class UnwritableError(Exception):
    """Standard output takes no more: its disk is full, say."""


class Output:
    """Standard output. Every line leaves at once, for whoever reads it may be waiting."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @property
    def is_terminal(self) -> bool:
        """Somebody looks at it, and things may be drawn."""
        return not self.as_json and sys.stdout.isatty()

    def tell(self, line: str, **fields: Field) -> None:
        """A line, or the same as an object."""
        written = json.dumps(fields, ensure_ascii=False).translate(_UNESCAPED) if self.as_json else harmless(line)
        with _writing():
            sys.stdout.write(written + "\n")
            sys.stdout.flush()

    def tell_object(self, **fields: Field) -> None:
        """What is only for programs."""
        if self.as_json:
            self.tell("", **fields)

    def write(self, data: bytes) -> None:
        """Bytes as they are, for people and pipes alike; nothing with ``--json``, which has objects for them."""
        if self.as_json:
            return
        with _writing():
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def complain(self, line: str) -> None:
        """A line on standard error."""
        sys.stderr.write(harmless(line) + "\n")


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # who read it has had enough: no mistake
        raise
    except OSError as error:
        raise UnwritableError(f"standard output cannot be written: {error.strerror}") from error


def as_text(data: bytes) -> str:
    """A name or a handle, to be read; what is no UTF-8 is shown as escapes."""
    return data.decode("utf-8", "backslashreplace")


def harmless(text: str) -> str:
    """Text that others wrote, as a terminal may be given it: control characters are shown as escapes."""
    return text.translate(_CONTROLS)


def content(data: bytes) -> dict[str, str]:
    """A payload in JSON: as text if it is UTF-8, else in base 64."""
    try:
        return {"data": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
