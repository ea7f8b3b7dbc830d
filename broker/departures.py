"""Clients that are gone: what they waited for is dropped, of many jobs some at a time.

A client may have waited for a million. Told of all at once, Redis would have nothing else to do for seconds, and what
others ask of it here would wait behind that. So it is told of some; while it drops these, peers are heard and the next
are looked for. Until their turn comes the client counts as one who waits: a job of it may begin, and ends unheard.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import trio

from broker.core import Broker
from broker.detaching import detach
from broker.session import Session
from persistence import Function, JobId
from persistence.gathering import some_at_a_time

AT_ONCE: Final = 2
"""Scripts on the way: Redis has the next one when it is done with one, and what else we ask waits for no more."""


class Departures:
    """The clients that are gone and still count as waiting."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._gone: deque[tuple[Session, list[Sequence[bytes]]]] = deque()
        self._on_the_way = 0
        self._changed = trio.Event()

    def see_off(self, session: Session) -> None:
        """This client is gone: what it alone waited for is dropped, at once if that takes one script alone."""
        pieces = some_at_a_time(self._broker.audience.leave(session))
        if len(pieces) > 1:
            self._gone.append((session, pieces[::-1]))
            self._changed.set()
        elif pieces:
            self._drop(session, pieces[0])

    async def run(self) -> None:
        """The duty that drops what is left, some at a time. Endless; cancelled, it leaves the rest to `see_off_all`."""
        while True:
            while not self._gone or self._on_the_way >= AT_ONCE:
                self._changed = trio.Event()
                await self._changed.wait()
            self._see_off_some()
            self._broker.flusher.flush()
            await trio.lowlevel.checkpoint()

    @property
    def left(self) -> int:
        """How many clients still count as waiting."""
        return len(self._gone)

    def see_off_all(self) -> None:
        """Drop at once all that is left: the broker is about to say goodbye, and nobody else is served."""
        while self._gone:
            self._see_off_some()

    def _see_off_some(self) -> None:
        session, pieces = self._gone[0]
        self._drop(session, pieces.pop())
        if not pieces:
            self._gone.popleft()

    def _drop(self, session: Session, handles: Sequence[bytes]) -> None:
        by_function: dict[bytes, tuple[Function, list[JobId]]] = {}
        for awaited in self._broker.audience.wait_no_more(session, handles):
            by_function.setdefault(awaited.function.name, (awaited.function, []))[1].append(awaited.id)
        self._on_the_way += len(by_function)
        for function, jobs in by_function.values():
            detach(self._broker, function, jobs, self._told)

    def _told(self) -> None:
        self._on_the_way -= 1
        if self._gone:
            self._changed.set()
