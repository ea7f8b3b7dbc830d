"""What must be on replicas before it is accepted, through a cluster: on the second pipe to each node.

There is one `ClusterPipe` for both pipes, because a slot is at a node or it is not: what is posted here and there about
it is held back and brought back together, so nothing overtakes. `persistence.firm` has to bind two pipes for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from persistence.asking_all import ask_all
from persistence.cluster.cluster_pipe import ClusterPipe
from persistence.cluster.slot_holding import SlotHolding
from persistence.errors import StoreError
from persistence.pipe import Pipe
from persistence.pipe_statistics import PipeStatistics, total
from persistence.replies import Answer, Command, Reply


class FirmWay:
    """The second pipes of a `ClusterPipe`, as a way of their own; see `persistence.way.Way`."""

    in_order = False

    def __init__(self, both: ClusterPipe) -> None:
        self._both = both

    @property
    def connected(self) -> bool:
        """See Way."""
        return any(pipe.connected for pipe in self.servers)

    @property
    def away_because(self) -> StoreError | None:
        """See Way."""
        return self._both.away_because

    @property
    def gathering(self) -> bool:
        """See Way."""
        return any(pipe.gathering for pipe in self.servers)

    @property
    def servers(self) -> Sequence[Pipe]:
        """The second pipe to each node."""
        return [end.pipe for end in self._both.firm_ends]

    def reaches(self, key: bytes) -> bool:
        """See Way."""
        return self._both.reaches(key)

    def away(self, key: bytes) -> StoreError | None:
        """See Way."""
        return self._both.away(key)

    def hoping(self) -> AbstractContextManager[None]:
        """See Way."""
        return self._both.hoping()

    def bring_back(self, key: bytes) -> None:
        """See Way."""
        self._both.bring_back(key)

    def bring_all_back(self) -> None:
        """See Way."""
        self._both.bring_all_back()

    def gather(self) -> None:
        """See Way."""
        for pipe in self.servers:
            pipe.gather()

    def flush(self) -> None:
        """See Way."""
        for pipe in self.servers:
            pipe.flush()

    def statistics(self) -> PipeStatistics:
        """Of these pipes; what waits for a slot is counted by the other way."""
        return total([pipe.statistics() for pipe in self.servers], 0)

    def post(
        self,
        command: Command,
        answer: Answer,
        *,
        again: Callable[[], Command] | None = None,
        deadline: float | None = None,
        late: Answer | None = None,
    ) -> None:
        """See Way."""
        self._both.post(command, answer, again=again, deadline=deadline, late=late, firm=True)

    async def ask(self, *command: bytes | str | int, timeout_seconds: float = 5.0) -> Reply:
        """See Way."""
        (reply,) = await ask_all(self, [command], timeout_seconds)
        return reply

    async def settled(self, timeout_seconds: float) -> None:
        """See Way."""
        await ask_all(self, [[b"EXISTS", key] for key in self._both.busy_keys(firm=True)], timeout_seconds)

    async def wait_connected(self) -> None:
        """See Way."""
        await self._both.wait_connected()


class ClusterFirm:
    """See persistence.ways.Firmly."""

    def __init__(self, both: ClusterPipe, holding: SlotHolding) -> None:
        self.pipe = FirmWay(both)
        self.replication = holding

    def begin_anew(self) -> None:
        """Nothing of a function is said before it was brought back under the new name."""
