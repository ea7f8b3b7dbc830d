"""One node of the cluster as one way through it uses it: a pipe, or two, until the node is needed no more.

Where jobs must be on replicas, the second, the *firm* one, carries what WAIT answers for
(`persistence.cluster.firm`).
"""

from __future__ import annotations

import trio

from persistence.barrier import Barrier
from persistence.cluster.slots import Address
from persistence.errors import StoreError
from persistence.pipe import Pipe
from persistence.unwrapping import unwrapped


class FirmEnd:
    """The second pipe to a node, and the WAIT that is on the way there."""

    __slots__ = ("barrier", "pipe")

    def __init__(self, pipe: Pipe, barrier: Barrier) -> None:
        self.pipe = pipe
        self.barrier = barrier


class Node:
    """A node and the pipes to it. Cancelling `scope` ends them."""

    __slots__ = ("address", "firm", "pipe", "scope")

    def __init__(self, address: Address, pipe: Pipe, firm: FirmEnd | None) -> None:
        self.address = address
        self.pipe = pipe
        self.firm = firm
        self.scope = trio.CancelScope()

    @property
    def pipes(self) -> tuple[Pipe, ...]:
        """Both, or the one there is."""
        return (self.pipe,) if self.firm is None else (self.pipe, self.firm.pipe)

    def pipe_for(self, firm: bool) -> Pipe:
        """Which of them carries it."""
        if not firm:
            return self.pipe
        assert self.firm is not None
        return self.firm.pipe

    def serves(self, firm: bool) -> bool:
        """Whether what is posted now leaves at once; `firm`: on whichever of the two."""
        return self.pipe.connected and (not firm or self.pipe_for(True).connected)

    def away_because(self, firm: bool) -> StoreError | None:
        """Why not; None: nobody has found out yet."""
        return self.pipe.away_because or (self.pipe_for(True).away_because if firm else None)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The duty. Started when all are connected. Raises as `Pipe.run` does."""
        with unwrapped():
            async with trio.open_nursery() as nursery:
                for pipe in self.pipes:
                    await nursery.start(lambda task_status, pipe=pipe: pipe.run(task_status=task_status))
                task_status.started()
