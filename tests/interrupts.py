"""Who may be struck by Ctrl-C: what trio protects from KeyboardInterrupt, looked at while tasks are started."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import trio

__all__ = ["looking_at_spawns"]


class Spawns(trio.abc.Instrument):
    """Looks from the middle of trio's ``start_soon``, where a KeyboardInterrupt would leave a task that never runs."""

    def __init__(self) -> None:
        self.protected: dict[str, bool] = {}

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Notes whether the code that starts this task is protected."""
        self.protected[task.name] = trio.lowlevel.currently_ki_protected()


@contextmanager
def looking_at_spawns() -> Iterator[Mapping[str, bool]]:
    """For each task that is started in the block, by name: whether it was started under protection."""
    spawns = Spawns()
    trio.lowlevel.add_instrument(spawns)
    try:
        yield spawns.protected
    finally:
        trio.lowlevel.remove_instrument(spawns)
