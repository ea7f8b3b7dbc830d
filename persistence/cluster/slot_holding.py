"""What is held of each slot until the replicas of its node have it, and who knows whose time is up.

What was written at one node is confirmed by the replicas of that node alone. So a WAIT confirms what is held of the
slots that are at its node; when a slot is held back, for whatever reason, so is what is held of it, until it was asked
for once more where the slot is then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import trio

from persistence.barrier import Barrier
from persistence.cluster.node import FirmEnd, Node
from persistence.cluster.redirects import is_no_answer
from persistence.cluster.slot import Slot
from persistence.conversation import Conversation
from persistence.deadlines import TICK_SECONDS
from persistence.errors import StoreError
from persistence.pipe import Pipe
from persistence.replies import Command, Reply
from persistence.scripts import PROBE
from persistence.unconfirmed import Held, Unconfirmed

PROBED: Final = b":probe"
"""Put behind the key of a slot, it makes keys of the same slot that are nobody's."""


class Insisting(Conversation):
    """A conversation that ends where an answer says that it must be begun anew."""

    async def many(self, commands: Sequence[Command]) -> list[Reply]:
        """See persistence.handshake.Ask. Raises what means that a command was not done here, or perhaps not."""
        replies = await super().many(commands)
        for reply in replies:
            if isinstance(reply, StoreError) and is_no_answer(reply):
                raise reply
        return replies


class SlotHolding:
    """See persistence.unconfirmed.Holding.

    Args:
        slot_with: the slot that has a key.
        silence_seconds: no WAIT may be taken for silence.
        told: called when some have been told, out of turn.
    """

    def __init__(self, slot_with: Callable[[bytes], Slot], silence_seconds: float, told: Callable[[], None]) -> None:
        self._slot_with = slot_with
        self._silence_seconds = silence_seconds
        self._told = told
        self._by_slot: dict[Slot, Unconfirmed] = {}
        self._holding = trio.Event()

    def end_of(self, pipe: Pipe) -> FirmEnd:
        """The pipe to a node, with the WAIT that answers for what is held there."""
        return FirmEnd(pipe, Barrier(pipe, self._silence_seconds, partial(self._written_on, pipe)))

    def _written_on(self, pipe: Pipe) -> list[Unconfirmed]:
        return [held for slot, held in self._by_slot.items() if (end := _end_of(slot)) and end.pipe is pipe]

    def expect(self, tag: bytes, replicas: int) -> None:
        """See Holding."""
        end = _end_of(self._slot_with(tag))
        if end is not None:
            end.barrier.expect(replicas)

    def hold(self, held: Held) -> None:
        """See Holding."""
        slot = self._slot_with(held.tag)
        self._of(slot).hold(held)
        self._holding.set()
        end = _end_of(slot)
        if end is not None:
            end.barrier.cover(held.replicas)  # what waited for its slot was expected by nobody

    def _of(self, slot: Slot) -> Unconfirmed:
        return self._by_slot.setdefault(slot, Unconfirmed())

    async def repeat(self, slot: Slot, node: Node) -> None:
        """The slot is (again) at this node, and nothing was said of it there: ask once more for all that is held.

        Raises StoreError, and leaves everything as it is: the slot is not there after all.
        """
        ask = Insisting(node.pipe_for(True))
        await self._of(slot).repeat(ask)
        self._told()
        # WAIT goes by what was last written on its own connection. What is repeated may write nothing, because the slot
        # brought it along, or an answer was lost; and replicas that have less would confirm it.
        await ask(*PROBE.call(slot.key + PROBED))

    def released(self, slot: Slot) -> None:
        """The slot is held back no longer."""
        end = _end_of(slot)
        assert end is not None
        end.barrier.expect(self._of(slot).wanted)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """The duty that knows whose time is up. Endless; cancelled, what is held stays so and nobody is told."""
        task_status.started()
        while True:
            self._holding = trio.Event()
            self._by_slot = {slot: held for slot, held in self._by_slot.items() if held}
            if not self._by_slot:
                await self._holding.wait()
            await trio.sleep(TICK_SECONDS)
            if any(list(self._expired(trio.current_time()))):
                self._told()
            for end in {end for slot in self._by_slot if (end := _end_of(slot))}:
                end.barrier.ask_again()

    def _expired(self, now: float) -> Iterator[bool]:
        for slot, held in tuple(self._by_slot.items()):
            end = _end_of(slot)
            yield held.expire(now, None if end is None else end.barrier.found)


def _end_of(slot: Slot) -> FirmEnd | None:
    """Where it is; None: it is held back."""
    return None if slot.held or slot.node is None else slot.node.firm
