"""The peers' sockets, all in epoll sets of our own, and read in turns by one duty.

A task that waits for its socket costs, for every read, a system call to arm the socket again and a switch to that
task: together more than the read. Here a socket is armed once, and one look reads from all that have something to
say and handles it; what was said meanwhile to Redis and to peers leaves after that, together.

In a process of its own the broker waits for the set in trio's stead (`persistence/io_wait.py`). Elsewhere trio does, as
for a socket: to the kernel an epoll set is a descriptor that becomes readable. Systems other than Linux have no epoll;
there each session's task reads for itself, which is all that differs.

**Who says much stands back**, in a set of its own within the first, and so do workers as long as anybody does: the
others are heard before them. While there are others, a look ends with the first turn at the back that had much to
say, turns there are shorter, and the back waits while Redis lags. So a client that asks now and then waits for a look
or two, not for the queue of those who flood; and where nobody else asks, a flood is not slowed down.
"""

from __future__ import annotations  # for where select has no epoll to name

import logging
import math
import select
from collections.abc import Callable
from typing import Final

import trio

from broker.pace import Pace
from broker.standing import MUCH, STILL_MUCH, Standing
from persistence.io_wait import each_look
from persistence.own_limits import room_for_a_socket

log = logging.getLogger(__name__)

IS_AVAILABLE: Final = hasattr(select, "epoll")

FEW: Final = 3
"""Who wait for no others: a look that found no more than these ends."""

LEAST_OF_THE_BACK: Final = 4
"""So many of those who stand back may be heard in a look, however many others there are."""

LONGEST_IN_FRONT: Final = 4
"""So many looks one after the other may be full of others. The kernel names the set at the back in turns with every one
of those in front: of hundreds, workers and floods would share what one of them has."""

TURN_BYTES: Final = 8_192
"""So much is read of one socket in a look: who pipelines deeply has as many turns as others, not longer ones."""

SHORT_TURN_BYTES: Final = 2_048
"""And so much of who stands back, while others speak."""

COURTESY_SECONDS: Final = 0.5
"""How long those who stand back are kept short after one of the others has spoken, for it may speak again."""

ENOUGH_ANSWERS: Final = 2
"""After so many answers of Redis, what it was busy with when the back began to wait is done."""

LONGEST_HOLD_SECONDS: Final = 0.1
"""How long those who stand back wait for a Redis that lags and says nothing, whoever else speaks: what they say may
need no Redis."""

AGAIN_SECONDS: Final = 0.1
"""How long until we try again to watch, when the system has no room for that."""

LEAST_SECONDS: Final = 0.001
"""Nobody looks again sooner, if nothing can be read."""

Readable = Callable[[], int]
"""Reads what there is for a turn, deals with it, and says how many packets were dealt with since it last did; 0 when it
is to be heard no more. Must not raise."""


class Switchboard:
    """Who is called when a socket can be read.

    Args:
        look_begins: called before the first is called.
        look_ends: called when all that one look found has been handled.
        lags: whether Redis has more to do than keeps it busy. Whenever Redis has answered, `go_on` is to be called.
    """

    def __init__(
        self, look_begins: Callable[[], None], look_ends: Callable[[], None], lags: Callable[[], bool]
    ) -> None:
        self._look_begins = look_begins
        self._look_ends = look_ends
        self._lags = lags
        self._front = select.epoll()
        self._back = select.epoll()
        self._readable: dict[int, Readable] = {self._back.fileno(): self._back_can_be_read}
        self._standing = Standing()
        self._pace = Pace(self._standing.workers)
        self.turn_bytes = TURN_BYTES
        """How much is to be read of a socket at most."""
        self._back_speaks = False
        self._passed_over = 0
        self._found_at_the_back: list[int] = []
        self._courteous_until = self._now = 0.0
        self._holding = False
        self._hold_ends = 0.0
        self._has_waited = False
        self._answers = 0
        self._front.register(self._back.fileno(), select.EPOLLIN)

    def connect(self, number: int, readable: Readable) -> None:
        """Call this whenever that descriptor can be read, until `disconnect`. Its peer stands where it stood before.

        Raises OSError when the descriptor cannot be watched.
        """
        self._set_of(number).register(number, select.EPOLLIN)
        self._readable[number] = readable

    def works(self, number: int) -> None:
        """Those who can be read at this descriptor are a worker."""
        if number in self._readable:
            self._standing.works(number)

    def works_no_more(self, number: int) -> None:
        """They are a client again."""
        self._standing.works_no_more(number)

    def disconnect(self, number: int) -> None:
        """Watch it no longer, or not for now; to be called before it is closed. Safe to repeat."""
        if self._readable.pop(number, None) is not None:
            self._set_of(number).unregister(number)

    def forget(self, number: int) -> None:
        """It is about to be closed, and who has the number next is somebody else. Not while it is watched."""
        self._standing.leave(number)

    def go_on(self) -> None:
        """Redis has answered something: hear those who are held again, if it lags no longer or that was enough.

        Others may go on to keep it busy: then the back has its turn after every second answer, whatever comes.
        """
        if self._holding:
            self._answers += 1
            if self._answers >= ENOUGH_ANSWERS or not self._lags():
                self._end_hold()

    async def run(self) -> None:
        """The duty that looks, for ever."""
        told = False
        while True:
            try:
                await each_look(self._front, lambda: self._pace.most, self._look_and_go_on)
            except OSError as error:
                if not (remedy := room_for_a_socket(error)):
                    raise
                if not told:
                    log.error("the system has no room to watch connections: %s; %s", error.strerror, remedy)
                told = True
                await trio.sleep(AGAIN_SECONDS)

    async def hear_all(self) -> None:
        """Hear what has been said by now, whoever said it. Does not end while somebody goes on without a pause."""
        # The front does not name the back while that is held.
        while (found := self._found()) or self._back.poll(0, 1):
            self._look(found)
            await trio.lowlevel.checkpoint()

    def _found(self) -> list[tuple[int, int]]:
        # All are asked for, as some may not be ours: see each_look.
        return [event for event in self._front.poll(0) if event[0] in self._readable][: self._pace.most]

    def close(self) -> None:
        """Give the sets back to the system. Nobody is connected any more."""
        self._front.close()
        self._back.close()

    def _look_and_go_on(self, found: list[tuple[int, int]]) -> float:
        if self._look(found):
            return 0.0
        return max(self._hold_ends - trio.current_time(), LEAST_SECONDS) if self._holding else math.inf

    def _look(self, found: list[tuple[int, int]]) -> bool:
        """Hear who speaks now, as many as a look may: first these. Returns whether they were as many."""
        self._look_begins()
        self._now = trio.current_time()
        if self._holding and self._now >= self._hold_ends:
            self._end_hold()
            found = self._found()  # now the kernel names the back as well
        left = self._hear_the_front(found)
        if self._back_speaks or self._is_passed_over(left):
            self._back_speaks = False
            self._passed_over = 0
            courteous = self._now < self._courteous_until
            if courteous and not self._has_waited and self._lags():
                self._hold()
            else:
                self._has_waited = False
                self.turn_bytes = SHORT_TURN_BYTES if courteous else TURN_BYTES
                self._hear_the_back(max(left, LEAST_OF_THE_BACK), STILL_MUCH if courteous else None)
                self.turn_bytes = TURN_BYTES
        self._look_ends()
        return left <= 0

    def _hear_the_front(self, found: list[tuple[int, int]]) -> int:
        """Hear those in front, and learn whether somebody speaks at the back.

        Returns:
            How many more this look may hear.
        """
        poll, readable, back = self._front.poll, self._readable, self._standing.back
        left = self._pace.most
        self._pace.found(found)
        while found:
            for number, _ in found:
                call = readable.get(number)
                if call is not None:  # one that was called before may have ended this one
                    packets = call()
                    if packets >= MUCH or (back and packets):
                        self._place(number, packets)
            left -= len(found)
            # While several were served, others have spoken: the more a look takes in, the less each costs.
            found = poll(0, left) if left > 0 and len(found) > FEW else []
        return left

    def _is_passed_over(self, left: int) -> bool:
        """Whether somebody at the back speaks, and the kernel has not come to that for so many who speak in front."""
        if left > 0 or self._holding or not self._standing.back:
            return False
        self._passed_over += 1
        return self._passed_over >= LONGEST_IN_FRONT and bool(self._find_at_the_back(LEAST_OF_THE_BACK))

    def _back_can_be_read(self) -> int:
        self._back_speaks = True
        return 0

    def _hear_the_back(self, left: int, enough: int | None) -> None:
        """Hear so many at the back, or until they have said enough packets."""
        said = 0
        while left > 0:
            found = self._find_at_the_back(left)
            many = len(found) > FEW
            while found and left > 0:
                number = found.pop()
                call = self._readable.get(number)
                if call is None:
                    continue
                packets = call()
                if packets:
                    self._place(number, packets)
                left -= 1
                said += packets
                if enough is not None and said >= enough:
                    return
            if not many:
                return

    def _find_at_the_back(self, most: int) -> list[int]:
        """Who is next at the back: whom the kernel named earlier, else whom it names now."""
        if not self._found_at_the_back:
            self._found_at_the_back = [number for number, _ in reversed(self._back.poll(0, most))]
        return self._found_at_the_back

    def _place(self, number: int, packets: int) -> None:
        """After a turn: let it step back or come forward, or remember that somebody in front has spoken."""
        before = self._set_of(number)
        if self._standing.has_changed(number, packets, self._now):
            try:
                self._set_of(number).register(number, select.EPOLLIN)
            except OSError:  # the system has no room for it: better heard at the wrong place than not at all
                self._standing.stays(number)
            else:
                before.unregister(number)
        elif before is self._front:
            self._courteous_until = self._now + COURTESY_SECONDS

    def _set_of(self, number: int) -> select.epoll:
        return self._back if number in self._standing.back else self._front

    def _hold(self) -> None:
        self._holding = True
        self._hold_ends = self._now + LONGEST_HOLD_SECONDS
        self._answers = 0
        # It stays registered: to register it again later the system may have no room.
        self._front.modify(self._back.fileno(), 0)

    def _end_hold(self) -> None:
        """Let the back be heard in the next look, even if Redis lags then: it has waited."""
        if self._holding:
            self._holding = False
            self._has_waited = True
            self._front.modify(self._back.fileno(), select.EPOLLIN)
