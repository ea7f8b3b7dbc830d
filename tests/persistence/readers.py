"""Who reads from sockets in tests of waiting for them: one, or several in looks."""

import math
import select
import socket
from collections.abc import Callable
from typing import Final, TypeAlias

import trio

from persistence.io_wait import each_look, each_time_readable

PATIENCE_SECONDS: Final = 20.0
"""Far beyond all deadlines of trio in these tests: who is not woken is found out."""
SOON_SECONDS: Final = 0.01

Pair: TypeAlias = tuple[socket.socket, socket.socket]
"""Two that are connected; what is said to the second can be read from the first."""


class Ear:
    """Reads from a socket, a few bytes at a time, until its end."""

    def __init__(self, sock: socket.socket) -> None:
        self.number = sock.fileno()
        self.heard = b""
        self.has_heard = trio.Event()
        self._sock = sock

    def read(self) -> bool:
        """Read, and go on unless that was all."""
        data = self._sock.recv(2)
        self.heard += data
        self.has_heard.set()
        return bool(data)

    async def next(self) -> bytes:
        """All that has been heard, as soon as it is more."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self.has_heard.wait()
        self.has_heard = trio.Event()
        return self.heard


class Looks:
    """A set, what each look at it found, and in how many seconds there is to be another."""

    def __init__(self, *ears: Ear) -> None:
        self.set = select.epoll()
        self.again = math.inf
        self.after: dict[int, Callable[[], object]] = {}
        """What happens at the end of a look, by how many there have been."""
        self.seen: list[list[Ear]] = []
        self.more = trio.Event()
        self._ears = {ear.number: ear for ear in ears}
        for ear in ears:
            self.set.register(ear.number, select.EPOLLIN)

    async def run(self) -> None:
        """Look, one at a time."""
        try:
            await each_look(self.set, lambda: 1, self._look)
        finally:
            self.set.close()

    def _look(self, found: list[tuple[int, int]]) -> float:
        ears = [self._ears[number] for number, _ in found]
        for ear in ears:
            if not ear.read():
                self.set.unregister(ear.number)
        self.seen.append(ears)
        self.after.get(len(self.seen), lambda: None)()
        self.more.set()
        return self.again

    async def until(self, looks: int) -> None:
        """Wait for so many."""
        with trio.fail_after(PATIENCE_SECONDS):
            while len(self.seen) < looks:
                self.more = trio.Event()
                await self.more.wait()


def listening(nursery: trio.Nursery, ear: Ear) -> Ear:
    """It listens until the nursery ends."""
    nursery.start_soon(each_time_readable, ear.number, ear.read)
    return ear
