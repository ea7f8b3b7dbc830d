"""How commands reach Redis, as those see it who post them: one pipe, or a pipe to each node of a cluster."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from persistence.errors import StoreError
from persistence.pipe import Pipe
from persistence.pipe_statistics import PipeStatistics
from persistence.replies import Answer, Command, Reply


class Server(Protocol):
    """One server that can be asked something about itself."""

    async def ask(self, *command: bytes | str | int, timeout_seconds: float = 5.0) -> Reply:
        """See `persistence.pipe.Pipe`."""


class Way(Protocol):
    """A `persistence.pipe.Pipe`, or a `persistence.cluster.cluster_pipe.ClusterPipe`.

    A command's key is what Redis Cluster places it by. What is posted about one key is done in the order in which it
    was posted, on either way; about two keys, only where the way is `in_order`.
    """

    in_order: bool
    """Whether all goes to one server, which does things in the order in which they were sent."""

    @property
    def connected(self) -> bool:
        """Whether something can be reached: what is posted now may leave at once."""

    @property
    def away_because(self) -> StoreError | None:
        """Why a part of Redis, or all of it, is known to be out of reach."""

    @property
    def gathering(self) -> bool:
        """Whether `gather` was called, and `flush` will be."""

    @property
    def servers(self) -> Sequence[Pipe]:
        """Each server by itself."""

    def reaches(self, key: bytes) -> bool:
        """Whether what is posted now about this key leaves at once."""

    def away(self, key: bytes) -> StoreError | None:
        """Why the server of this key is out of reach; None: it is not, or nobody has found out yet."""

    def hoping(self) -> AbstractContextManager[None]:
        """Ends the block by a StoreError when there is an `away_because`."""

    def bring_back(self, key: bytes) -> None:
        """Where the way is not `in_order`: what is posted about this key waits until it was prepared anew."""

    def bring_all_back(self) -> None:
        """The same for every key but the root's."""

    def gather(self) -> None:
        """Whoever calls this calls `flush` before it next waits."""

    def flush(self) -> None:
        """Send what was posted."""

    def statistics(self) -> PipeStatistics:
        """What has been done so far."""

    def post(
        self,
        command: Command,
        answer: Answer,
        *,
        again: Callable[[], Command] | None = None,
        deadline: float | None = None,
        late: Answer | None = None,
    ) -> None:
        """Send a command as soon as may be, without waiting."""

    async def ask(self, *command: bytes | str | int, timeout_seconds: float = 5.0) -> Reply:
        """Post a command and wait for its reply. Raises StoreError."""

    async def settled(self, timeout_seconds: float) -> None:
        """Wait until Redis has done all that was posted before. Raises StoreError."""

    async def wait_connected(self) -> None:
        """Wait until `connected`. Raises StoreUnavailableError when the way has ended."""
