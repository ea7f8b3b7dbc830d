"""Where the tasks of a broker wait, how often, and a blow at the n-th time that one of them goes to wait there."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import trio

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = tuple(f"{ROOT / package}/" for package in ("broker", "persistence"))


class Await(NamedTuple):
    """A line of the product at which a task waits."""

    task: str
    """The function that the task runs."""
    place: str
    """The innermost function of ours that waits, and its file."""
    line: int

    def __str__(self) -> str:
        return f"{self.task}, in {self.place}, line {self.line}"


class Target(NamedTuple):
    """An await at a certain time."""

    where: Await
    time: int
    """Counted from one."""


class Watch(trio.abc.Instrument):
    """Counts the awaits of one task and of all below it.

    Args:
        target: where to strike; None: nowhere.
        strike: called there, once, while the task waits.

    Attributes:
        counting: whether what happens is on the way; until then nothing counts.
        seen: how often each await was gone to.
        struck: set when it has struck.
    """

    def __init__(self, target: Target | None, strike: Callable[[], None]) -> None:
        self.counting = False
        self.seen: Counter[Await] = Counter()
        self.struck = trio.Event()
        self._target = target
        self._strike = strike
        self._tasks: set[trio.lowlevel.Task] = set()

    def follow(self, task: trio.lowlevel.Task) -> None:
        """This one and those that it starts."""
        self._tasks.add(task)

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when there is a new task."""
        if task.parent_nursery is not None and task.parent_nursery.parent_task in self._tasks:
            self._tasks.add(task)

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when a task has run and now waits, or has ended."""
        if not (self.counting and task in self._tasks) or self.struck.is_set():
            return
        where = _await_of(task)
        if where is not None:
            self.seen[where] += 1
            if self._target == (where, self.seen[where]):
                self.struck.set()
                self._strike()


def _await_of(task: trio.lowlevel.Task) -> Await | None:
    """Where a task waits; None for one that has ended."""
    found = None
    for frame, line in task.iter_await_frames():
        code = frame.f_code
        if code.co_filename.startswith(PRODUCT):
            file = Path(code.co_filename).relative_to(ROOT)
            found = Await(task.name, f"{file}: {code.co_qualname}", line)
    return found
