"""The slot of the keys that belong to no function, at a start: it is prepared wherever it is by then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from persistence.cluster.nodes import Nodes
from persistence.cluster.redirects import is_no_answer, named_by
from persistence.cluster.topology import PAUSE_SECONDS, Topology
from persistence.conversation import Conversation
from persistence.errors import StoreError, StoreUnavailableError
from persistence.handshake import Ask

__all__ = ["bring_root_back"]


async def bring_root_back(
    topology: Topology, nodes: Nodes, slot: int, prepare: Callable[[int, Ask, bool], Awaitable[None]]
) -> None:
    """Prepare it, and try again while it moves or fails over. Cancelled, it may be prepared; that can be repeated.

    Args:
        topology: knows where it is.
        nodes: those that are connected, or are to be.
        slot: its number.
        prepare: see `ClusterPipe`'s on_return.

    Raises:
        StoreError: it was refused for another reason, or not done within `connect_timeout_seconds`.
    """
    give_up_at = trio.current_time() + topology.options.connect_timeout_seconds
    while True:
        error = await _try(topology, nodes, slot, prepare)
        if error is None:
            return
        if trio.current_time() >= give_up_at or not is_no_answer(error):
            raise error
        topology.look_again(named_by(error))
        await trio.sleep(PAUSE_SECONDS)


async def _try(
    topology: Topology, nodes: Nodes, slot: int, prepare: Callable[[int, Ask, bool], Awaitable[None]]
) -> StoreError | None:
    """Why it is not prepared; None when it is."""
    address = topology.owner(slot)
    node = None if address is None else nodes.needed(address)
    if node is None or not node.serves(False):
        return StoreUnavailableError(f"the node of slot {slot} is away")
    try:
        await prepare(slot, Conversation(node.pipe), False)
    except StoreError as error:
        return error
    return None
