"""A pipe to each node of a cluster, and each command to the node that has its slot.

A slot is either at a node, and what is posted about it goes there; or it is *held*: its connection broke, its node
said that it is elsewhere (MOVED), on its way (ASK, TRYAGAIN) or not served (CLUSTERDOWN). Then what came back, and what
is posted meanwhile, waits in its order. When nothing of the slot is in flight any more and its node is there, the slot
is *brought back*: `on_return` prepares it, as a new connection is prepared, and then all that waited leaves. So
whatever happened, a slot begins anew as after a break; and the others go on.

Where jobs must be on replicas there are two pipes to each node, and a slot that uses both waits for both: nothing of it
is in flight on either when it is brought back, and both are there. So neither can bring what the other has overtaken.

A redirected command was not done, so it may be sent elsewhere. No ASKING is ever said: our scripts declare a tag and
not the keys behind it, so a node that imports a slot would run them on the half that has come.

Long, because the way of a command is here in one piece, from `post` through the slot to the node and back; what is cut
out of it costs a call for each. What is beside that way has files of its own: the map, the nodes, the slots away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

import trio

from persistence.asking_all import ask_all
from persistence.cluster.node import FirmEnd
from persistence.cluster.node_maker import NodeMaker
from persistence.cluster.nodes import Nodes
from persistence.cluster.redirects import named_by, redirects
from persistence.cluster.rooting import bring_root_back
from persistence.cluster.routed import Routed
from persistence.cluster.slot import Slot
from persistence.cluster.slot_holding import SlotHolding
from persistence.cluster.slots import Address
from persistence.cluster.slots_away import SlotsAway
from persistence.cluster.topology import Topology, slot_of
from persistence.deadlines import Deadlines
from persistence.errors import StoreError, StoreUnavailableError
from persistence.handshake import Ask, Handshake
from persistence.outage import Outage
from persistence.pipe import MAX_UNSENT_BYTES, Pipe
from persistence.pipe_statistics import PipeStatistics, total
from persistence.replies import Answer, Command, Reply
from persistence.unwrapping import unwrapped

KEYLESS: Final = frozenset({b"PING", "PING", b"TIME"})


class ClusterPipe:
    """A way through the cluster; see `persistence.way.Way`, and `persistence.pipe.Pipe` for what the calls mean.

    Args:
        topology: whose a slot is.
        outage: is told when a node, or a slot, is out of reach.
        name: tells it from our others.
        root: the key that is asked where a command has none.
        on_connect: prepares a connection to the node at an address.
        on_return: prepares a slot before what waits for it leaves, and is told whether something was sent and not
            answered; a StoreError it raises is another try. With it, a command that must not be repeated is answered
            StoreUnavailableError when it is redirected; without it, such commands are sent again, for they were not
            done.
        on_returned: called when that, and all else, is done: right before what waits leaves. Who calls `bring_back`
            there lets it be prepared once more.
        on_away: called when a slot begins to be held.
        on_push, on_batch, on_flush: as for Pipe, of all nodes.
        replicas: so many each node must have; with them, there is a second pipe to each.

    Attributes:
        holding: what replicas must have, if any.
    """

    in_order = False

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        topology: Topology,
        outage: Outage,
        *,
        name: str,
        root: bytes,
        on_connect: Callable[[Address, Handshake], Awaitable[None]],
        on_return: Callable[[int, Ask, bool], Awaitable[None]] | None = None,
        on_returned: Callable[[int], None] = lambda slot: None,
        on_away: Callable[[int], None] = lambda slot: None,
        on_push: Callable[[list[Reply]], None] = lambda push: None,
        on_batch: Callable[[], None] = lambda: None,
        on_flush: Callable[[], None] = lambda: None,
        replicas: int = 0,
        max_unsent_bytes: int = MAX_UNSENT_BYTES,
    ) -> None:
        self.name = name
        self._topology = topology
        self._root = root
        self._on_return = on_return
        self._on_push = on_push
        self._on_batch = on_batch
        self._on_flush = on_flush
        self.holding = SlotHolding(self.slot_with, topology.options.silence_seconds, on_batch) if replicas else None
        self._max_bytes = max_unsent_bytes
        self._bytes = 0
        self._outstanding: dict[Routed, None] = {}
        self._deadlines = Deadlines()
        self._slots: dict[int, Slot] = {}
        self._maker = self._maker_of_nodes(outage, on_connect, replicas)
        self._nodes = Nodes(
            topology, outage, name=name, make=self._maker.node_at, there=self._is_there, left=self._lost
        )
        self._away = self._none_away(outage, on_away, on_returned)
        self._reached = trio.Event()
        self._gathering = False
        self._started = False
        self._ended = False
        topology.on_change.append(self._map_changed)

    def _maker_of_nodes(
        self, outage: Outage, on_connect: Callable[[Address, Handshake], Awaitable[None]], replicas: int
    ) -> NodeMaker:
        return NodeMaker(
            topology=self._topology,
            outage=outage,
            name=self.name,
            on_connect=on_connect,
            on_push=self._push,
            on_batch=self._on_batch,
            on_flush=self._on_flush,
            on_break=self._lost,
            on_firm_break=partial(self._lost, firm=True),
            holding=self.holding,
            replicas=replicas,
        )

    def _none_away(
        self, outage: Outage, on_away: Callable[[int], None], on_returned: Callable[[int], None]
    ) -> SlotsAway:
        return SlotsAway(
            self._topology,
            self._nodes,
            outage,
            name=self.name,
            on_away=on_away,
            on_return=self._on_return,
            on_returned=on_returned,
            holding=self.holding,
            send=self._send,
            settle=self._settle,
        )

    @property
    def connected(self) -> bool:
        """Whether some node can be reached."""
        return not self._ended and any(pipe.connected for pipe in self.servers)

    @property
    def away_because(self) -> StoreError | None:
        """Why some slot that was used here is known to be out of reach."""
        for slot in self._away:
            error = self._away.why(slot)
            if error is not None:
                return error
        return None

    @property
    def gathering(self) -> bool:
        """Whether `flush` will be called."""
        return self._gathering or any(pipe.gathering for pipe in self.servers)

    @property
    def servers(self) -> Sequence[Pipe]:
        """The first pipe to each node."""
        return [node.pipe for node in self._nodes.by_address.values()]

    @property
    def firm_ends(self) -> list[FirmEnd]:
        """The second."""
        return [node.firm for node in self._nodes.by_address.values() if node.firm is not None]

    def reaches(self, key: bytes) -> bool:
        """Whether what is posted now about this key leaves at once."""
        return not self.slot_with(key).held

    def away(self, key: bytes) -> StoreError | None:
        """Why the node of this key is out of reach; None: it is not, or nobody has found out yet."""
        return self._away.why(self.slot_with(key))

    @contextmanager
    def hoping(self) -> Iterator[None]:
        """Ends the block by a StoreError when an attempt to connect to one of the nodes comes to nothing."""
        with ExitStack() as stack:
            for pipe in self.servers:
                stack.enter_context(pipe.hoping())
            yield

    def statistics(self) -> PipeStatistics:
        """What has been done with the nodes that there are now; what waits for a slot counts as unsent."""
        waiting = sum(routed.size for slot in self._away for routed in (*slot.refused, *slot.waiting))
        return total([pipe.statistics() for pipe in self.servers], waiting)

    # -- posting

    def post(
        self,
        command: Command,
        answer: Answer,
        *,
        again: Callable[[], Command] | None = None,
        deadline: float | None = None,
        late: Answer | None = None,
        firm: bool = False,
    ) -> None:
        """Send a command to the node that has its key, as soon as may be; see Pipe. `firm`: on the second pipe."""
        slot = self.slot_with(self._key_of(command))
        if firm and not slot.firm:
            self._make_firm(slot)
        routed = Routed(slot, command, answer, again, deadline, late, firm)
        if self._ended:
            routed.give_up(f"the pipe {self.name} has ended")
            return
        if self._bytes + routed.size > self._max_bytes:
            routed.give_up(f"over {self._max_bytes} bytes wait to be sent to Redis already")
            return
        self._bytes += routed.size
        self._outstanding[routed] = None
        if deadline is not None and deadline < self._deadlines.earliest:
            self._deadlines.expect(deadline)
        if slot.held:
            slot.waiting.append(routed)
        else:
            self._send(slot, routed, command)

    def _key_of(self, command: Command) -> bytes:
        if command[0] in KEYLESS:
            return self._root
        key = command[3 if command[0] == b"EVALSHA" else 1]
        assert isinstance(key, bytes)
        return key[: key.find(b"}") + 1] or key  # what decides; there may be a key for every job

    def slot_with(self, key: bytes) -> Slot:
        """The slot that has this key."""
        number = slot_of(key)
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = Slot(number, key)
            address = self._topology.owner(number)
            node = None if address is None else self._nodes.by_address.get(address)
            if node is None or not node.serves(slot.firm):
                self._away.hold(slot)
            else:
                slot.node = node
        return slot

    def _make_firm(self, slot: Slot) -> None:
        slot.firm = True
        if slot.held or slot.node is None or not slot.node.serves(True):
            self._away.hold(slot)

    def _send(self, slot: Slot, routed: Routed, command: Command) -> None:
        assert slot.node is not None
        slot.in_flight += 1
        routed.flies = True
        slot.node.pipe_for(routed.firm).post(command, partial(self._came, routed))

    def _came(self, routed: Routed, reply: Reply) -> None:
        """A node answered, or did not."""
        slot = routed.slot
        slot.in_flight -= 1
        routed.flies = False
        if isinstance(reply, StoreError) and not self._ended:
            self._came_back(slot, routed, reply)
        else:
            self._settle(routed, reply)
        if slot.held and not slot.in_flight:
            self._away.landed()

    def _came_back(self, slot: Slot, routed: Routed, error: StoreError) -> None:
        redirected = redirects(error)
        if not redirected and not isinstance(error, StoreUnavailableError):
            self._settle(routed, error)
            return
        self._away.hold(slot, error)
        self._topology.look_again(named_by(error))
        slot.broken = slot.broken or not redirected
        routed.sent = routed.sent or not redirected  # one node may have done what the next refuses
        if routed.answer is not None and (routed.again or (redirected and self._on_return is None)):
            slot.refused.append(routed)
        else:
            self._settle(routed, StoreUnavailableError(str(error), sent=routed.sent))

    def _settle(self, routed: Routed, reply: Reply) -> None:
        self._outstanding.pop(routed, None)
        self._bytes -= routed.size
        routed.settle(reply)

    def gather(self) -> None:
        """What is posted until `flush` leaves together there."""
        self._gathering = True
        for pipe in self.servers:
            pipe.gather()

    def flush(self) -> None:
        """Send what was posted."""
        self._on_flush()
        self._gathering = False
        for pipe in self.servers:
            pipe.flush()

    async def ask(self, *command: bytes | str | int, timeout_seconds: float = 5.0) -> Reply:
        """Post a command and wait for its reply. Raises StoreError."""
        (reply,) = await ask_all(self, [command], timeout_seconds)
        return reply

    async def settled(self, timeout_seconds: float) -> None:
        """Wait until Redis has done all that was posted before. Raises StoreError."""
        keys = self.busy_keys() or [self._root]
        await ask_all(self, [[b"EXISTS", key] for key in keys], timeout_seconds)

    def busy_keys(self, *, firm: bool = False) -> list[bytes]:
        """A key of each slot of which something was not answered yet; `firm`: of those that use the second pipe."""
        slots = (slot for slot in self._slots.values() if slot.in_flight or slot.refused or slot.waiting)
        return [slot.key for slot in slots if slot.firm or not firm]

    async def wait_connected(self) -> None:
        """Wait until some node is there. Raises StoreUnavailableError when the pipe has ended."""
        while not self.connected:
            if self._ended:
                raise StoreUnavailableError(f"the pipe {self.name} has ended")
            await self._reached.wait()
        await trio.lowlevel.checkpoint()

    # -- slots that are away

    def bring_back(self, key: bytes) -> None:
        """Hold what is posted about this key until its slot was prepared anew."""
        self._away.hold(self.slot_with(key))

    def bring_all_back(self) -> None:
        """The same for every slot but the root's."""
        root = slot_of(self._root)
        for slot in tuple(self._slots.values()):
            if slot.number != root:
                self._away.hold(slot)

    # -- nodes

    def _is_there(self) -> None:
        """A node is there: what is held for it need not wait for its next turn."""
        self._reached.set()
        self._reached = trio.Event()  # the last was for all who waited until now
        self._away.look_at_once()

    def _lost(self, address: Address, error: StoreError, *, firm: bool = False) -> None:
        for slot in self._slots.values():
            if slot.node is not None and slot.node.address == address and not slot.held and (slot.firm or not firm):
                self._away.hold(slot, error)
        self._topology.look_again()

    def _map_changed(self) -> None:
        if not self._started:
            return
        for slot in self._slots.values():
            if slot.node is not None and slot.node.address != self._topology.owner(slot.number) and not slot.held:
                self._away.hold(slot)
        self._nodes.leave_the_rest()
        self._away.look_at_once()

    def _push(self, push: list[Reply]) -> None:
        if push[0] == b"sunsubscribe" and isinstance(push[1], bytes):
            self._away.hold(self.slot_with(push[1]))  # nobody here asked for it: the slot has moved
            self._topology.look_again()
        else:
            self._on_push(push)

    # -- life

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The duty: connects to all nodes, and keeps to them, wherever the slots go. Started when all are connected.

        Raises:
            StoreError: a node cannot be reached or used, or the root's slot cannot be prepared within
                `connect_timeout_seconds`.
        """
        try:
            with unwrapped():
                async with trio.open_nursery() as nursery:
                    await self._nodes.start(nursery)
                    if self._on_return is not None:
                        await bring_root_back(self._topology, self._nodes, slot_of(self._root), self._on_return)
                    self._started, self._maker.demanding = True, False
                    nursery.start_soon(self._watch)
                    nursery.start_soon(self._away.run)
                    task_status.started()
        finally:
            self._end()

    async def _watch(self) -> None:
        """The duty that notices deadlines. Silence is noticed by the pipe of each node."""
        while True:
            overdue = self._deadlines.overdue(await self._deadlines.tick(), self._outstanding)
            for slot in {routed.slot for routed in overdue}:
                slot.forget(set(overdue))
            for routed in overdue:
                self._too_late(routed)
            if overdue:
                self._on_batch()

    def _too_late(self, routed: Routed) -> None:
        slot = routed.slot
        why = f" ({slot.reason})" if slot.held and slot.reason is not None else ""
        text = f"Redis did not answer in time{why}"
        if routed.flies:
            routed.give_up(text)  # what becomes of it is still to be heard
        else:
            self._settle(routed, StoreUnavailableError(text, sent=routed.sent))

    def _end(self) -> None:
        self._ended = True
        self._reached.set()
        for routed in tuple(self._outstanding):
            sent = routed.sent or routed.flies
            self._settle(routed, StoreUnavailableError(f"the pipe {self.name} has ended", sent=sent))
        self._on_batch()
