"""What the system refuses this process for want of room, whatever was asked: told with what would make room."""

import errno
import os
from collections.abc import Mapping
from typing import Final

_REMEDIES: Final[Mapping[int, str]] = {
    errno.EMFILE: "allow more descriptors with --file-descriptors",
    errno.ENFILE: "the whole system is out of descriptors: close something, or raise fs.file-max",
    errno.EAGAIN: "no more processes or threads are allowed here: see ulimit -u (in a systemd unit: TasksMax=)",
    errno.ENOMEM: "give the broker more memory",
    errno.ENOBUFS: "give the system more memory for its network",
}
_WATCHES: Final = "the system watches no more sockets for this user: raise fs.epoll.max_user_watches"


def room_for_more(error: BaseException) -> str:
    """What would make room for a file, a process, or a thread; empty if it is not for want of that."""
    return _REMEDIES.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def room_for_a_socket(error: BaseException) -> str:
    """The same where a socket was opened or watched: no room is left on a device then that is none."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _WATCHES
    return room_for_more(error)


def with_room(what: str, error: BaseException, remedy: str) -> str:
    """A line that says what failed, why, and what would make room if that is the reason."""
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return f"{what}: {why}; {remedy}" if remedy else f"{what}: {why}"
