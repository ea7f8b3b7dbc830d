"""Cancels a coroutine at its n-th await, for each n, so that no await of a path is left out."""

from collections.abc import Awaitable, Callable

import trio

__all__ = ["cancelled_at"]


class Stopwatch(trio.abc.Instrument):
    """Counts how often one task has gone to wait, and cancels a scope at a given count."""

    def __init__(self, task: trio.lowlevel.Task, scope: trio.CancelScope, at: int) -> None:
        self._task = task
        self._scope = scope
        self._left = at

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when a task has run and now waits."""
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


async def cancelled_at(count: int, work: Callable[[], Awaitable[object]]) -> bool:
    """Runs `work`, cancels it when it waits for the `count`-th time, and tells whether that stopped it."""
    with trio.CancelScope() as scope:
        watch = Stopwatch(trio.lowlevel.current_task(), scope, count)
        trio.lowlevel.add_instrument(watch)
        try:
            await work()
        finally:
            trio.lowlevel.remove_instrument(watch)
    return scope.cancelled_caught
