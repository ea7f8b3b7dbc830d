"""The nodes that one way through the cluster is connected to: those that have slots; for a moment, those that had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from persistence.cluster.node import Node
from persistence.cluster.slots import Address
from persistence.cluster.topology import Topology
from persistence.errors import StoreError, StoreUnavailableError
from persistence.outage import Outage
from persistence.pipe import Pipe

LAST_WORDS_SECONDS: Final = 1.0
"""How long a node that has no slots any more may take to answer what it was asked when it had."""


class Nodes:
    """Keeps the pipes to each of them.

    Args:
        topology: who has slots.
        outage: is told of a node that was never reached, and when one is missed no longer.
        name: the way's, under which the former is told.
        make: makes the node at an address, and is given what to call when a connection of a pipe has been prepared.
        there: called when a pipe to a node has been connected.
        left: called when a node was left, with why.

    Attributes:
        by_address: those there are now.
    """

    def __init__(
        self,
        topology: Topology,
        outage: Outage,
        *,
        name: str,
        make: Callable[[Address, Callable[[Pipe], None]], Node],
        there: Callable[[], None],
        left: Callable[[Address, StoreError], None],
    ) -> None:
        self.by_address: dict[Address, Node] = {}
        self._topology = topology
        self._outage = outage
        self._name = name
        self._make = make
        self._there = there
        self._left = left
        self._nursery: trio.Nursery
        self._started = False

    async def start(self, nursery: trio.Nursery) -> None:
        """Connect to all that have slots; their tasks are in this nursery. Raises StoreError if one cannot be used."""
        self._nursery = nursery
        for address in sorted(self._topology.map.primaries):
            await nursery.start(self._keep, self._met(address))
        self._started = True

    def needed(self, address: Address) -> Node:
        """The node there, which may still have to be connected."""
        if address not in self.by_address:
            self._nursery.start_soon(self._keep, self._met(address))
        return self.by_address[address]

    def leave_the_rest(self) -> None:
        """Leave those that have no slots, after their last words."""
        for node in self.by_address.values():
            if node.address not in self._topology.map.primaries:
                self._nursery.start_soon(self._leave, node)

    def _met(self, address: Address) -> Node:
        node = self.by_address[address] = self._make(address, self._greeted)
        return node

    def _greeted(self, pipe: Pipe) -> None:
        self._nursery.start_soon(self._tell_when_connected, pipe)

    async def _keep(self, node: Node, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep a node connected until its scope is cancelled. One that never answered is met anew when it is needed."""
        try:
            with node.scope:
                await node.run(task_status=task_status)
        except StoreError as error:
            if not self._started:
                raise
            self._outage.failed(self._name, error)
            self._missed_no_longer(node)
        finally:
            del self.by_address[node.address]
            if node.scope.cancel_called:
                self._missed_no_longer(node)
            self._left(node.address, StoreUnavailableError(f"the node {node.pipe.name} is left"))

    def _missed_no_longer(self, node: Node) -> None:
        for pipe in node.pipes:
            self._outage.connected(pipe.name)

    async def _tell_when_connected(self, pipe: Pipe) -> None:
        try:
            await pipe.wait_connected()
        except StoreUnavailableError:
            return
        self._there()

    async def _leave(self, node: Node) -> None:
        await trio.sleep(LAST_WORDS_SECONDS)
        if node.address not in self._topology.map.primaries:
            node.scope.cancel()
