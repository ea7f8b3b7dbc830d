"""What happens when a slot is there (again), before anything else is said of it.

Of the root's: the schema is looked at, and our presence raised. Of a function's: its generation is raised if a
connection broke, so that whatever that may still deliver is refused, and what runs here is compared with what Redis
believes, as `persistence.rejoining` does it for a server that has everything. A function that is new is
introduced: into the list first, which is at another node, and by its own script then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from persistence.alarm import Alarm
from persistence.cluster.redirects import named_by, redirects
from persistence.cluster.slots import Address
from persistence.cluster.topology import Topology, slot_of
from persistence.errors import StoreRefusedError, StoreUnavailableError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.handshake import Ask, Handshake
from persistence.introducing import listed
from persistence.keeper import Keeper
from persistence.link import Link
from persistence.rejoining import PROBED, Rejoining, load_scripts, try_out
from persistence.replies import expect_int
from persistence.scripts import INTRODUCE

FARTHEST_PROBE: Final = 1_000_000
"""A node that has a single slot is met by one of 16,384 tags; one that has none, never."""
MOST_PROBES: Final = 8
"""A node that redirects so many of them has nothing left to be asked about; slots that come to it are prepared then."""


class Returning:
    """Prepares nodes and slots for the way that carries every transition."""

    def __init__(
        self, topology: Topology, rejoining: Rejoining, link: Link, keeper: Keeper, alarm: Alarm, events: StoreEvents
    ) -> None:
        self._topology = topology
        self._rejoining = rejoining
        self._link = link
        self._keeper = keeper
        self._alarm = alarm
        self._events = events
        self._root_slot = slot_of(link.keys.root)
        self._by_slot: dict[int, list[Function]] = {}
        self._known = 0
        self._root_returns = 0

    async def on_connect(self, address: Address, handshake: Handshake) -> None:
        """Prepare a connection to a node. Raises StoreError."""
        with self._rejoining.explained():
            await load_scripts(handshake)
            for tag in self._tags_at(address):
                try:
                    await try_out(handshake, tag)
                except StoreRefusedError as error:
                    if not redirects(error):
                        raise
                    # That slot is on its way, or the node has lost it: what we may do is found out in another.
                    self._topology.look_again(named_by(error))
                else:
                    break

    def _tags_at(self, address: Address) -> Iterator[bytes]:
        """Some tags of no function that are at a node, each in a slot of its own."""
        slots = set[int]()
        if address not in self._topology.map.primaries:
            return
        for number in range(FARTHEST_PROBE):
            tag = self._link.keys.tag(b"%b%d" % (PROBED, number))
            slot = slot_of(tag)
            if self._topology.owner(slot) == address and slot not in slots:
                slots.add(slot)
                yield tag
                if len(slots) == MOST_PROBES:
                    return

    def on_away(self, slot: int) -> None:
        """What is in this slot cannot be asked."""
        functions = self._functions_in(slot)
        if functions:
            self._events.away(functions)

    async def on_return(self, slot: int, ask: Ask, broken: bool) -> None:
        """Prepare a slot. Safe to repeat. Raises StoreError: it is not there after all.

        `broken`: something was sent and not answered, so it may still arrive.
        """
        if slot == self._root_slot:
            await self._root_is_back(ask)
        elif not self._keeper.is_present:
            # A job must not be claimed under a name of which nobody would find out that it is lost.
            await self._be_present()
        functions = self._functions_in(slot)
        if not functions:
            return
        if broken:
            self._link.generation += 1
        if not await self._rejoining.is_back(ask, functions):
            raise StoreUnavailableError("this broker was taken for lost")
        for function in functions:
            await self._introduce(function, ask, slot)
            self._link.settle(function)
            self._alarm.look_again(function)

    def on_returned(self, slot: int) -> None:
        """The slot is prepared, and what waits for it leaves before anybody does anything else.

        Told earlier, who sleeps would be woken for what cannot be asked yet, and so for nothing.
        """
        functions = self._functions_in(slot)
        if functions:
            self._events.reconnected(functions)

    async def _be_present(self) -> None:
        incarnation = self._link.incarnation
        beats = await self._link.pipe.ask(*self._keeper.raise_command())
        self._keeper.raised(incarnation, expect_int(beats))
        if not self._keeper.is_present:
            raise StoreUnavailableError("this broker was taken for lost")

    async def _root_is_back(self, ask: Ask) -> None:
        with self._rejoining.explained():
            await self._rejoining.check_schema(ask)
        while not await self._rejoining.is_present(ask):
            pass  # Redis took us for lost: the same once more under the new name
        self._root_returns += 1
        if self._root_returns > 1:
            for function in self._link.functions.all():
                self._rejoining.rejoin(function)  # with which it is listed again
        self._alarm.look_everywhere()

    async def _introduce(self, function: Function, ask: Ask, slot: int) -> None:
        """Make Redis know a function that it is to know. What else is asked of it waits behind this."""
        if not function.to_introduce:
            return
        if not function.known:
            at_root = ask if slot == self._root_slot else self._link.pipe.ask
            await at_root(*listed(self._link, function))
            await ask(*INTRODUCE.call(function.tag, function.name))
        function.known, function.to_introduce = True, False

    def _functions_in(self, slot: int) -> list[Function]:
        """The functions met here whose keys are in this slot. None is ever forgotten, so counting them is enough."""
        functions = self._link.functions.all()
        if len(functions) != self._known:
            self._known = len(functions)
            self._by_slot.clear()
            for function in functions:
                self._by_slot.setdefault(slot_of(function.tag), []).append(function)
        return self._by_slot.get(slot, [])
