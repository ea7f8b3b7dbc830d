"""Which answers are overdue. One look when the earliest deadline has passed, instead of a timer per command.

A timer for each of 50,000 commands a second would cost more than the commands. Deadlines are not sorted,
since a command posted later may have less patience, so a look goes over everything outstanding; but only
when the earliest deadline noted has passed, and in good times little is outstanding by then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

import trio

from persistence.io_wait import notify_deadline
from persistence.replies import Answer

TICK_SECONDS: Final = 0.1
"""How late a deadline may be noticed; small beside the seconds that submits wait."""

LATE_SECONDS: Final = 1.0
"""A tick this late means that this process stood still, not that Redis did."""


class HasDeadline(Protocol):
    """A command on its way."""

    deadline: float | None
    answer: Answer | None
    """None: it was answered already."""


Timed = TypeVar("Timed", bound=HasDeadline)


class Deadlines:
    """Remembers the earliest deadline there may be. `earliest` may be too early, never too late."""

    def __init__(self) -> None:
        self.earliest = math.inf
        self._ticks = Ticks()

    def expect(self, deadline: float) -> None:
        """One that is earlier than `earliest`."""
        self.earliest = deadline
        self._ticks.not_after(deadline)

    async def tick(self, latest: float = math.inf) -> float:
        """Wait until it is time to look who is overdue, or until then; the time it is then."""
        return await self._ticks.next(min(self.earliest, latest))

    def overdue(self, now: float, *queues: Iterable[Timed]) -> list[Timed]:
        """The commands whose deadline has passed without an answer, oldest first within each queue."""
        if now < self.earliest:
            return []
        late: list[Timed] = []
        earliest = math.inf
        for queue in queues:
            for posted in queue:
                deadline = posted.deadline
                if deadline is None or posted.answer is None:
                    continue
                if deadline <= now:
                    late.append(posted)
                elif deadline < earliest:
                    earliest = deadline
        self.earliest = earliest
        return late


class Ticks:
    """A clock that ticks when a deadline has passed, and leaves out the tick after the process stood still.

    After a SIGSTOP, or a laptop's sleep, the answers lie in the socket unread: they are given `TICK_SECONDS` to
    be read before anybody concludes that they are overdue.
    """

    def __init__(self) -> None:
        self._soonest = -math.inf
        self._wait = trio.CancelScope()

    async def next(self, earliest: float) -> float:
        """Wait until then, and for `TICK_SECONDS` at least; the time it is then (trio's clock)."""
        self._soonest = trio.current_time() + TICK_SECONDS
        with trio.CancelScope(deadline=max(earliest, self._soonest)) as self._wait:
            await trio.sleep_forever()
        if trio.current_time() - self._wait.deadline > LATE_SECONDS:
            await trio.sleep(TICK_SECONDS)
        return trio.current_time()

    def not_after(self, deadline: float) -> None:
        """There is an earlier deadline: let the tick that is waited for be no later."""
        deadline = max(deadline, self._soonest)
        if deadline < self._wait.deadline:
            self._wait.deadline = deadline
            notify_deadline()
