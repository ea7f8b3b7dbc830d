"""Which workers can do what, and which of them sleep. Decides; sends nothing."""

from typing import Final

import trio

from broker.line import NOTHING, Line
from broker.session import Session, State

LOWEST: Final = 2


class Roster:
    """Who can do what here."""

    def __init__(self) -> None:
        self.lines: dict[bytes, Line] = {}
        self.woken: dict[Session, float] = {}
        """Who was woken and has not grabbed yet, and when (trio's clock); the longest ago first."""

    def enlist(self, session: Session, line: Line) -> bool:
        """This worker can do that function. False if it said so before. It will be asked first."""
        if session in line.workers:
            return False
        line.workers[session] = None
        session.order.insert(0, line)
        if session.state is State.ASLEEP:
            line.sleepers[session] = None
        return True

    def dismiss(self, session: Session, line: Line) -> None:
        """This worker no longer does that function. Unknown is fine."""
        line.workers.pop(session, None)
        line.sleepers.pop(session, None)
        line.drowsy.pop(session, None)
        line.called.pop(session, None)
        line.waiting.pop(session, None)
        if line in session.order:
            session.order.remove(line)

    def choose(self, session: Session) -> tuple[Line, int] | None:
        """Where this worker's next job should come from: the best priority of all its functions, in turns.

        And down to which priority it should look there, before something else promises better.

        What is only promised may not be there. So the choice is bounded by what the others promise: by those whose
        turn comes later, down to as good a priority; by those whose turn it was before, down to a better one.
        """
        if len(session.order) == 1:  # as of most workers: nothing else bounds the choice
            [line] = session.order
            return (line, min(line.reserved_priority - 1, LOWEST)) if line.promises < NOTHING else None
        chosen: Line | None = None
        best = before = after = NOTHING
        for line in session.order:
            level = line.promises
            if level < best:
                before = min(before, best, after)
                chosen, best, after = line, level, NOTHING
            elif level < after:
                after = level
        if chosen is None:
            return None
        # What is reserved here was claimed before anything that a claim at its priority could bring.
        return chosen, min(before - 1, after, chosen.reserved_priority - 1, LOWEST)

    def has_served(self, session: Session, line: Line) -> None:
        """This worker got a job of that function: its others come first now."""
        if line in session.order:
            session.order.remove(line)
            session.order.append(line)

    def may_hand_off(self, session: Session, line: Line, priority: int) -> bool:
        """Whether no other function of this sleeper promises as good a job."""
        return all(other is line or other.promises > priority for other in session.order)

    def fall_asleep(self, session: Session) -> None:
        """This worker waits for a NOOP."""
        session.sleeps = True
        self.rouse(session, State.ASLEEP)
        for line in session.order:
            line.sleepers[session] = None

    def grow_drowsy(self, session: Session) -> None:
        """This worker is told that there is no job. If it is of those who sleep then, it as good as does."""
        if session.sleeps:
            self.rouse(session, State.DROWSY)
            for line in session.order:
                line.drowsy[session] = None

    def rouse(self, session: Session, state: State) -> None:
        """This worker is no longer what it was, as far as sleeping goes."""
        if session.state is State.ASLEEP:
            for line in session.order:
                line.sleepers.pop(session, None)
        elif session.state is State.DROWSY:
            for line in session.order:
                line.drowsy.pop(session, None)
        elif session.state is State.WOKEN:
            self._count_on_no_more(session)
        session.state = state
        if state is State.WOKEN:
            self.woken[session] = trio.current_time()

    def sleeper(self, line: Line) -> Session | None:
        """Who has slept longest among those who can do this function."""
        return next(iter(line.sleepers), None)

    def drowsy(self, line: Line) -> Session | None:
        """Who is about to sleep among those who can do this function."""
        return next(iter(line.drowsy), None)

    def wants_somebody(self, line: Line) -> bool:
        """Whether this function may have work in its queue, or has a reserved job that nobody is on the way to."""
        if line.bits:
            return True
        return line.promises != NOTHING and not any(session in line.workers for session in self.woken)

    def dawdlers(self, since: float) -> list[Session]:
        """Those woken before that time who still have not grabbed. They are not counted on, nor told of, again."""
        dawdlers = []
        for session, woken_at in self.woken.items():
            if woken_at > since:
                break
            dawdlers.append(session)
        for session in dawdlers:
            self._count_on_no_more(session)
        return dawdlers

    def _count_on_no_more(self, session: Session) -> None:
        self.woken.pop(session, None)
        for line in session.order:
            line.called.pop(session, None)
