"""Numbers inside a body are decimal text, read as leniently as C's ``atoi`` reads them."""

import re
from typing import Final

from protocol.errors import ErrorCode, RemoteProtocolError

__all__ = ["LARGEST_NUMBER", "read_number"]

LARGEST_NUMBER: Final = 2**63 - 1
"""What fits gearmand's signed 64-bit time."""

_LARGEST_DIGITS: Final = len(str(LARGEST_NUMBER))
_LEADING_NUMBER: Final = re.compile(rb"[ \t\n\v\f\r]*\+?0*([0-9]*)")


def read_number(text: bytes) -> int:
    """The leading decimal digits of ``text`` as a number from 0 to ``LARGEST_NUMBER``.

    No digits, or a minus before them, give 0: whatever the protocol counts or dates, less than nothing means
    nothing there. Gearmand crashes on a number that overflows; we raise ``RemoteProtocolError``, not fatal.
    """
    if len(text) < _LARGEST_DIGITS and text.isdigit():
        return int(text)
    matched = _LEADING_NUMBER.match(text)
    digits = matched.group(1) if matched else b""
    # The length goes first: int() refuses 4,300 digits with an error of its own, and is slow long before.
    if len(digits) > _LARGEST_DIGITS or (number := int(digits or b"0")) > LARGEST_NUMBER:
        raise RemoteProtocolError(ErrorCode.ARGUMENT_TOO_LARGE, b"Number does not fit 64 bits", fatal=False)
    return number
