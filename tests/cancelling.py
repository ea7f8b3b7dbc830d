"""Cancels a coroutine at its n-th await, for each n, so that no await of a path is left out."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import trio

__all__ = ["Living", "cancelled_at", "living"]


class Stopwatch(trio.abc.Instrument):
    """Counts how often tasks have gone to wait, and cancels a scope at a given count.

    Args:
        task: the one to watch.
        scope: what is cancelled.
        at: the count.
        with_children: the tasks that it starts count as well, and those that they start.
    """

    def __init__(self, task: trio.lowlevel.Task, scope: trio.CancelScope, at: int, *, with_children: bool) -> None:
        self._tasks = {task}
        self._scope = scope
        self._left = at
        self._with_children = with_children

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when there is a new task."""
        nursery = task.parent_nursery
        if self._with_children and nursery is not None and nursery.parent_task in self._tasks:
            self._tasks.add(task)

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when a task has run and now waits."""
        if task in self._tasks:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


async def cancelled_at(count: int, work: Callable[[], Awaitable[object]], *, with_children: bool = False) -> bool:
    """Runs `work`, cancels it at its `count`-th wait, or one of its tasks', and tells whether that stopped it."""
    with trio.CancelScope() as scope:
        watch = Stopwatch(trio.lowlevel.current_task(), scope, count, with_children=with_children)
        trio.lowlevel.add_instrument(watch)
        try:
            await work()
        finally:
            trio.lowlevel.remove_instrument(watch)
    return scope.cancelled_caught


class Living(NamedTuple):
    """What there is, and what a cancellation must not add to."""

    tasks: int
    sockets: int


def living() -> Living:
    """The tasks of this run, and the sockets of this process."""
    descriptors = Path("/proc/self/fd").iterdir()
    sockets = sum(_target(descriptor).startswith("socket:") for descriptor in descriptors)
    return Living(trio.lowlevel.current_statistics().tasks_living, sockets)


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # the one that lists the directory
        return ""
