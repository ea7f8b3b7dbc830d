"""What the system says when it has no room for one more connection, or for watching it.

That is no doing of the peer's, and the peer is not gone: whoever meets it ends the connection, and tells an operator.
"""

import errno
from typing import Final

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC})
"""ENOSPC is of epoll: the sockets that one user may watch are counted."""


def no_room(error: Exception) -> str | None:
    """Why a connection ends that met this error, and what to do; None if it is not for want of room."""
    if not isinstance(error, OSError) or error.errno not in NO_ROOM:
        return None
    remedy = "; raise fs.epoll.max_user_watches" if error.errno == errno.ENOSPC else ""
    return f"the system has no room for its connection ({error.strerror}){remedy}"
