"""Cancels a task at each of its steps in turn, so that every await of a path is cancelled once."""

import trio


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope before the n-th step that a task takes."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self._scope, self._left = scope, step
        self._task = trio.lowlevel.current_task()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Counts, and cancels."""
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()
