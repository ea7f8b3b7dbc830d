"""The slots that are held, and the duty that brings each of them back as soon as it can be.

A slot can be brought back when nothing of it is in flight any more and its node, by the map of now, is there. Whatever
happens to it meanwhile makes this begin anew, so it is released only by a return that nothing came between.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator

import trio

from persistence.cluster.node import Node
from persistence.cluster.nodes import Nodes
from persistence.cluster.redirects import moves, named_by
from persistence.cluster.routed import Routed
from persistence.cluster.slot import Slot
from persistence.cluster.slot_holding import SlotHolding
from persistence.cluster.topology import Topology
from persistence.conversation import Conversation
from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError
from persistence.handshake import Ask
from persistence.outage import Outage
from persistence.replies import Command, Reply


class SlotsAway:
    """Those of one way through the cluster.

    Args:
        topology: whose a slot is.
        nodes: whether its node is there.
        outage: is told when a slot cannot be prepared, and when none is away.
        name: the way's, under which it is told.
        on_away: called when a slot begins to be held.
        on_return, on_returned: see ClusterPipe.
        holding: what replicas must have, if any.
        send: sends a command to the node of its slot.
        settle: answers one that will not be sent.
    """

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        topology: Topology,
        nodes: Nodes,
        outage: Outage,
        *,
        name: str,
        on_away: Callable[[int], None],
        on_return: Callable[[int, Ask, bool], Awaitable[None]] | None,
        on_returned: Callable[[int], None],
        holding: SlotHolding | None,
        send: Callable[[Slot, Routed, Command], None],
        settle: Callable[[Routed, Reply], None],
    ) -> None:
        self._topology = topology
        self._nodes = nodes
        self._outage = outage
        self._name = name
        self._on_away = on_away
        self._on_return = on_return
        self._on_returned = on_returned
        self._holding = holding
        self._send = send
        self._settle = settle
        self._by_number: dict[int, Slot] = {}
        self._changed = trio.Event()

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._by_number.values())

    def why(self, slot: Slot) -> StoreError | None:
        """Why its node is out of reach; None: it is not, or nobody has found out yet."""
        address = self._topology.owner(slot.number)
        if not slot.held or address is None:
            return slot.reason
        node = self._nodes.by_address.get(address)
        if node is None:
            return slot.reason
        return None if node.serves(slot.firm) else node.away_because(slot.firm)

    def hold(self, slot: Slot, reason: StoreError | None = None) -> None:
        """From now on what is posted about it waits, until it was prepared anew."""
        slot.reason = reason or slot.reason
        slot.stale = True
        if slot.held:
            return
        slot.held, slot.not_before = True, 0.0
        self._by_number[slot.number] = slot
        self._changed.set()
        self._on_away(slot.number)

    def landed(self) -> None:
        """Of some held slot, nothing is in flight any more."""
        self._changed.set()

    def look_at_once(self) -> None:
        """A node is there, or the map is another: no slot need wait for its next turn."""
        for slot in self:
            slot.not_before = 0.0
        self._changed.set()

    async def run(self) -> None:
        """The duty that brings back what is held. Endless; raises what a fault in `on_return` raises."""
        async with trio.open_nursery() as nursery:
            while True:
                self._changed = trio.Event()
                with trio.move_on_at(self._begin_returns(nursery, trio.current_time())):
                    await self._changed.wait()

    def _begin_returns(self, nursery: trio.Nursery, now: float) -> float:
        """Begin to bring back what can be; when to look again."""
        look_again_at = math.inf
        for slot in tuple(self):
            if slot.returning or slot.in_flight:
                continue
            if slot.not_before <= now:
                node = self._node_of(slot)
                if node is not None and node.serves(slot.firm):
                    slot.returning, slot.stale = True, False
                    nursery.start_soon(self._bring_back, slot, node)
                    continue
                self._topology.look_again()
                self._put_off(slot)
            look_again_at = min(look_again_at, slot.not_before)
        return look_again_at

    def _node_of(self, slot: Slot) -> Node | None:
        address = self._topology.owner(slot.number)
        return None if address is None else self._nodes.needed(address)

    async def _bring_back(self, slot: Slot, node: Node) -> None:
        try:
            if self._on_return is not None:
                await self._on_return(slot.number, Conversation(node.pipe), slot.broken)
            if self._holding is not None and slot.firm:
                await self._holding.repeat(slot, node)
        except StoreError as error:
            slot.reason = error
            self._put_off(slot)
            self._topology.look_again(named_by(error))
            self._tell(error)
        else:
            if not slot.stale and self._topology.owner(slot.number) == node.address and node.serves(slot.firm):
                self._on_returned(slot.number)
                if not slot.stale:
                    self._release(slot, node)
        finally:
            slot.returning = False
            self._changed.set()

    def _put_off(self, slot: Slot) -> None:
        """A try to bring it back came to nothing. Who cannot wait for another is told so."""
        slot.put_off(trio.current_time())
        if self._on_return is not None:
            for routed in slot.take_what_cannot_wait():
                self._settle(routed, StoreUnavailableError(str(slot.reason or "its node is away"), sent=False))

    def _release(self, slot: Slot, node: Node) -> None:
        del self._by_number[slot.number]
        for routed in slot.release(node):
            self._send(slot, routed, routed.made())
        if self._holding is not None and slot.firm:
            self._holding.released(slot)
        if not self._by_number:
            self._outage.connected(self._name)

    def _tell(self, error: StoreError) -> None:
        if isinstance(error, StoreRefusedError) and not moves(error):
            self._outage.failed(self._name, error)
