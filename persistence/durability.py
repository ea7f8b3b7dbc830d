"""What a background job must have survived before its client hears of it. A choice of the operator's, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Durability:
    """The default is that Redis has it, in its memory at least.

    Attributes:
        fsync: the server must sync its append-only file before it answers; it is looked at on every connect.
        vouched: where it does not let us look, it is believed.
        replicas: so many of its replicas must have the job as well.
        replicas_by_function: the same for functions that are to differ.
    """

    fsync: bool = False
    vouched: bool = False
    replicas: int = 0
    replicas_by_function: Mapping[bytes, int] = field(default_factory=dict)

    def replicas_for(self, function: bytes) -> int:
        """How many replicas must have a job of the function with this name."""
        return self.replicas_by_function.get(function, self.replicas)

    @property
    def most_replicas(self) -> int:
        """How many replicas the server needs."""
        return max(self.replicas, *self.replicas_by_function.values(), 0)
