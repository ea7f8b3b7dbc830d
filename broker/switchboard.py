"""The peers' sockets, all in one epoll set of our own, read by one task.

A task that waits for its socket costs, for every read, a system call to arm the socket again and a switch to that
task: together more than the read. Here a socket is armed once, and one look reads from all that have something to
say and handles it; what was said meanwhile to Redis and to peers leaves after that, together.

Trio waits for the set as it waits for a socket: to the kernel an epoll set is a descriptor that becomes readable.
Systems other than Linux have no epoll; there each session's task reads for itself, which is all that differs.
"""

import select
from collections.abc import Callable
from typing import Final

import trio

IS_AVAILABLE: Final = hasattr(select, "epoll")

MOST_AT_ONCE: Final = 12
"""Sockets after which a look ends. The kernel takes them in turns, so who waits now is in the next look. Redis, which
has a task of its own, is heard between two looks, and works on the one while we take the next: all peers in one look
would cost less each, but Redis and we would wait for each other in turns."""

FEW: Final = 3
"""Who wait for no others: a look that found no more than these ends."""


class Switchboard:
    """Who is called when a socket can be read.

    Args:
        look_begins: called before the first is called.
        look_ends: called when all that one look found has been handled.
    """

    def __init__(self, look_begins: Callable[[], None], look_ends: Callable[[], None]) -> None:
        self._look_begins = look_begins
        self._look_ends = look_ends
        self._epoll = select.epoll()
        self._readable: dict[int, Callable[[], None]] = {}

    def connect(self, number: int, readable: Callable[[], None]) -> None:
        """Call this whenever that descriptor can be read, until `disconnect`. It must not raise.

        Raises OSError when the descriptor cannot be watched.
        """
        self._epoll.register(number, select.EPOLLIN)
        self._readable[number] = readable

    def disconnect(self, number: int) -> None:
        """Watch it no longer; to be called before it is closed. Safe to repeat."""
        if self._readable.pop(number, None) is not None:
            self._epoll.unregister(number)

    async def run(self) -> None:
        """The duty that looks, for ever."""
        poll, readable = self._epoll.poll, self._readable
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            self._look_begins()
            left, found = MOST_AT_ONCE, poll(0, MOST_AT_ONCE)
            while found:
                for number, _ in found:
                    call = readable.get(number)
                    if call is not None:  # one that was called before may have ended this one
                        call()
                left -= len(found)
                # While several were served, others have spoken: the more a look takes in, the less each costs.
                found = poll(0, left) if left > 0 and len(found) > FEW else []
            self._look_ends()

    def close(self) -> None:
        """Give the set back to the system. Nobody is connected any more."""
        self._epoll.close()
