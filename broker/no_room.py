"""What the system says when it has no room for one more connection, or for watching it.

That is no doing of the peer's, and the peer is not gone: whoever meets it ends the connection, and tells an operator.
"""

import errno
import os
from collections.abc import Mapping
from typing import Final

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC})
"""ENOSPC is of epoll: the sockets that one user may watch are counted."""

_REMEDIES: Final[Mapping[int, str]] = {
    errno.ENOSPC: "raise fs.epoll.max_user_watches",
    errno.ENOMEM: "give the broker more memory, or let nobody send so much at once (--max-packet)",
}


def no_room(error: Exception) -> str | None:
    """Why a connection ends that met this error, and what to do; None if it is not for want of room."""
    if isinstance(error, MemoryError):
        error = no_memory()
    if not isinstance(error, OSError) or error.errno not in NO_ROOM:
        return None
    remedy = _REMEDIES.get(error.errno)
    why = f"the system has no room for its connection ({error.strerror})"
    return f"{why}; {remedy}" if remedy else why


def no_memory() -> OSError:
    """Python's MemoryError as what the system said: for those who wait for what a connection may end with."""
    return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
