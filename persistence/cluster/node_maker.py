"""How the pipes to a node are made, and what is said on each of their connections before anything that was posted."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from persistence.barrier import check_replicas
from persistence.cluster.node import FirmEnd, Node
from persistence.cluster.slot_holding import SlotHolding
from persistence.cluster.slots import Address
from persistence.cluster.topology import Topology
from persistence.errors import StoreError
from persistence.handshake import Handshake
from persistence.outage import Outage
from persistence.pipe import Pipe
from persistence.rejoining import load_scripts
from persistence.replies import Reply


@dataclass(slots=True, kw_only=True)
class NodeMaker:
    """Makes the nodes of one way through the cluster.

    What may wait to be sent is counted by that way, over all nodes: a pipe of its own has no bound.

    Attributes:
        topology: knows how to reach a node.
        outage: is told when one is out of reach.
        name: the way's.
        on_connect: prepares a connection of the first pipe to the node at an address.
        on_push, on_batch, on_flush: as for Pipe, of all nodes.
        on_break: called when a connection of the first pipe to a node is lost.
        on_firm_break: the same of the second.
        holding: what replicas must have; with it, there is a second pipe to each node.
        replicas: so many each node must have.
        demanding: whether a node that has fewer is refused. At the start it is; later on it is waited for.
    """

    topology: Topology
    outage: Outage
    name: str
    on_connect: Callable[[Address, Handshake], Awaitable[None]]
    on_push: Callable[[list[Reply]], None]
    on_batch: Callable[[], None]
    on_flush: Callable[[], None]
    on_break: Callable[[Address, StoreError], None]
    on_firm_break: Callable[[Address, StoreError], None]
    holding: SlotHolding | None
    replicas: int
    demanding: bool = True

    def node_at(self, address: Address, greeted: Callable[[Pipe], None]) -> Node:
        """The node there, connected when it runs; `greeted` is called when a connection of a pipe has been prepared."""
        options = self.topology.options_of(address)

        async def prepare(handshake: Handshake) -> None:
            await self.on_connect(address, handshake)
            greeted(pipe)

        pipe = Pipe(
            options,
            name=f"{self.name}@{options.address}",
            on_connect=prepare,
            on_push=self.on_push,
            on_batch=self.on_batch,
            on_flush=self.on_flush,
            on_break=partial(self.on_break, address),
            outage=self.outage,
            max_unsent_bytes=sys.maxsize,
        )
        return Node(address, pipe, None if self.holding is None else self._firm_end_at(address, self.holding, greeted))

    def _firm_end_at(self, address: Address, holding: SlotHolding, greeted: Callable[[Pipe], None]) -> FirmEnd:
        options = self.topology.options_of(address)

        async def prepare(handshake: Handshake) -> None:
            await load_scripts(handshake)
            if self.demanding:
                await check_replicas(handshake, self.replicas, options.address, options.connect_timeout_seconds)
            greeted(end.pipe)

        pipe = Pipe(
            options,
            name=f"firm@{options.address}",
            on_connect=prepare,
            on_batch=self.on_batch,
            on_flush=lambda: end.barrier.ask(),
            on_break=partial(self.on_firm_break, address),
            outage=self.outage,
            max_unsent_bytes=sys.maxsize,
        )
        end = holding.end_of(pipe)
        return end
