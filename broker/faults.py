"""What to tell when a broker cannot start: one line, with what is wrong and what to do, and no traceback."""

import errno
from collections.abc import Mapping
from typing import Final

from persistence.errors import StoreError
from persistence.own_limits import room_for_a_socket
from persistence.remedies import with_remedy

_ADVICE: Final[Mapping[int, str]] = {
    errno.EADDRINUSE: "perhaps gearmand or another broker runs there: stop it, or choose another --port",
    errno.EADDRNOTAVAIL: "give an address of this machine to --listen",
    errno.EAFNOSUPPORT: "this machine has no network of that kind: give another address to --listen",
    errno.EACCES: "ports below 1024 are not for every user: choose a higher --port",
}


def advice(error: Exception) -> str:
    """One line for an error that kept a broker from starting.

    Our own say what to do themselves; Redis and the system know only what failed.
    """
    if isinstance(error, StoreError):
        return with_remedy(error)
    if not isinstance(error, OSError):
        return " ".join(str(error).split())
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}; check that it exists and that this user may use it"
    number, what = error.errno or 0, error.strerror or str(error)
    if number < 0:  # getaddrinfo's numbers, which share nothing with errno
        return f"{what}; give an address or a name of this machine to --listen"
    todo = _ADVICE.get(number) or room_for_a_socket(error)
    return f"{what}; {todo}" if todo else f"cannot start: {what}"
