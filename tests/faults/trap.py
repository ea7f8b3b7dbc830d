"""A proxy between broker and Redis that stops the world at a chosen point of a chosen script's call."""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final

import hiredis
import trio

from persistence.replies import NOT_YET, new_reader, pack
from persistence.scripts import Script
from tests.faults.proxy import Pass, Proxy, Wire

PUSHED: Final = (b"SSUBSCRIBE", b"SUNSUBSCRIBE")
"""Commands that are answered by a push, and not by a reply."""


class Point(Enum):
    """Where a fault strikes, seen from one write; the value is what the table says."""

    BEFORE = "before the write left"
    LATE = "it comes late, behind a new connection"
    LEFT = "after it left"
    DONE = "after Redis did it"
    ANSWERED = "after the answer came"
    OUT = "after the packet went out"


class Trap(Proxy):
    """Passes commands one by one, until one springs the trap.

    Attributes:
        sprung: set when the point is reached; from then on nothing passes that has not passed.
        done: set when Redis has answered the command, if it got it.
    """

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.sprung = trio.Event()
        self.done = trio.Event()
        self._script: Script | None = None
        self._point = Point.BEFORE
        self._ripe: Callable[[], bool] = lambda: True
        self._released = trio.Event()
        self._conversations: dict[Wire, Conversation] = {}

    def arm(self, script: Script, point: Point, ripe: Callable[[], bool] = lambda: True) -> None:
        """Spring at the next call of this script for which `ripe` holds."""
        self._script, self._point, self._ripe = script, point, ripe

    def release(self) -> None:
        """Let go on what was stopped."""
        self._released.set()

    async def say(self, wire: Wire, data: bytes, on: Pass) -> None:
        talk = self._conversations.setdefault(wire, Conversation())
        for command in talk.commands(data):
            trapped = self._is_meant(command)
            if command[0].upper() not in PUSHED:
                talk.expected.append(trapped)
            if trapped and self._point in (Point.BEFORE, Point.LATE):
                talk.deaf = True  # whoever called may be gone when this goes on
                await self._stop()
            await on(pack(tuple(command)))
            if trapped and self._point in (Point.LEFT, Point.LATE):
                talk.deaf = True
                self.sprung.set()
                await self.done.wait()  # whatever happens to the near end, Redis does it

    async def answer(self, wire: Wire, data: bytes, on: Pass) -> None:
        talk = self._conversations.setdefault(wire, Conversation())
        for message, is_push in talk.messages(data):
            trapped = not is_push and talk.expected.popleft()
            if trapped:
                self.done.set()
                if self._point is Point.DONE:
                    await self._stop()
            if not talk.deaf:
                await on(message)
            if trapped and self._point in (Point.ANSWERED, Point.OUT):
                self.sprung.set()

    def _is_meant(self, command: list[bytes]) -> bool:
        if self._script is None or self.sprung.is_set() or command[0] != b"EVALSHA":
            return False
        return command[1] == self._script.sha and self._ripe()

    async def _stop(self) -> None:
        self.sprung.set()
        await self._released.wait()


class Conversation:
    """What passes over one wire, taken apart."""

    def __init__(self) -> None:
        self.expected: deque[bool] = deque()
        """One for each reply that is to come: whether it is the one."""
        self.deaf = False
        self._commands = new_reader()
        self._replies = new_reader()
        self._begun = bytearray()

    def commands(self, data: bytes) -> list[list[bytes]]:
        """The commands that are whole now."""
        self._commands.feed(data)
        whole = []
        while (command := self._commands.gets()) is not NOT_YET:
            whole.append(command)
        return whole

    def messages(self, data: bytes) -> list[tuple[bytes, bool]]:
        """The bytes of each message that is whole now, and whether it is a push. Byte by byte: they are few."""
        whole = []
        for at in range(len(data)):
            self._begun += data[at : at + 1]
            self._replies.feed(data[at : at + 1])
            if (said := self._replies.gets()) is not NOT_YET:
                whole.append((bytes(self._begun), isinstance(said, hiredis.PushNotification)))
                self._begun.clear()
        return whole
