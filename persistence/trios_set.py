"""The epoll set in which trio waits for the kernel, as far as the system tells.

Trio does not say which descriptor that is. The kernel does: of each epoll set of a process it lists what is watched, so
it is the one that watches what a task waits for.
"""

import os
import re
import socket
from pathlib import Path
from typing import Final

import trio

FDINFO: Final = Path("/proc/self/fdinfo")
"""A file for each descriptor; of an epoll set it has a line ``tfd: <number> ... ino:<inode> ...`` for each watched."""


async def set_of_trio() -> int | None:
    """The descriptor; None where trio waits otherwise, or the system does not tell. Cancelled, nothing is left."""
    ours, other = socket.socketpair()
    with ours, other:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.lowlevel.wait_readable, ours)
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()  # in the first turn it may have come after us
            number = _watching(ours.fileno())
            nursery.cancel_scope.cancel()
    return number


def _watching(number: int) -> int | None:
    # By its inode, too: a set goes on watching what was closed under that number, if somebody else has it open.
    line = re.compile(rf"^tfd:\s+{number}\s.*\bino:{os.fstat(number).st_ino:x}\b", re.MULTILINE)
    try:
        for info in FDINFO.iterdir():
            try:
                if line.search(info.read_text()):
                    return int(info.name)
            except OSError:  # closed meanwhile, as the one that lists this folder is
                continue
    except OSError:
        pass
    return None
