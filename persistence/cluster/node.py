"""One node of the cluster as one way through it uses it: a pipe that lives until the node is needed no more."""

from __future__ import annotations

import trio

from persistence.cluster.slots import Address
from persistence.pipe import Pipe


class Node:
    """A node and the pipe to it. Cancelling `scope` ends the pipe."""

    __slots__ = ("address", "pipe", "scope")

    def __init__(self, address: Address, pipe: Pipe) -> None:
        self.address = address
        self.pipe = pipe
        self.scope = trio.CancelScope()
