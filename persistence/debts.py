"""What must happen in Redis and was refused so far, by function and in order. Sends nothing.

The order matters: a submit that follows a finish of its function must not overtake it, or it could join the job
that is over.
"""

from collections.abc import Callable
from typing import NamedTuple

from persistence.functions import Function
from persistence.pipe import Pipe
from persistence.replies import Answer, Command


class Debt(NamedTuple):
    """One command that must happen."""

    number: int
    """Of two, the higher was owed later."""
    function: Function
    build: Callable[[], Command]
    """Makes the command for one more try."""
    answer: Answer
    pipe: Pipe
    """By which it goes."""
    length: int
    """What keeping it costs."""


class Debts:
    """The commands that wait to be sent once more."""

    def __init__(self) -> None:
        self._by_function: dict[bytes, list[Debt]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_function.values()))

    def any_of(self, function: Function) -> bool:
        """Whether something of this function waits."""
        return function.name in self._by_function

    def put(self, debt: Debt) -> None:
        """Keep it."""
        self._by_function.setdefault(debt.function.name, []).append(debt)

    def take(self, function: Function) -> list[Debt]:
        """Take out what waits of a function, in the order in which it was owed."""
        return sorted(self._by_function.pop(function.name, ()), key=lambda debt: debt.number)

    def take_the_oldest(self) -> list[Debt]:
        """Take out what was owed first of each function; the rest waits for what becomes of it."""
        oldest: list[Debt] = []
        for name, debts in tuple(self._by_function.items()):
            first = min(debts, key=lambda debt: debt.number)
            oldest.append(first)
            debts.remove(first)
            if not debts:
                del self._by_function[name]
        return sorted(oldest, key=lambda debt: debt.number)

    def take_all(self) -> list[Debt]:
        """Take out everything, in the order in which it was owed."""
        everything = [debt for debts in self._by_function.values() for debt in debts]
        self._by_function.clear()
        return sorted(everything, key=lambda debt: debt.number)
