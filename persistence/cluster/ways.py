"""The ways of a store through a cluster. They share one map of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from persistence.cluster.cluster_pipe import ClusterPipe
from persistence.cluster.firm import ClusterFirm
from persistence.cluster.returning import Returning
from persistence.cluster.slots import Address
from persistence.cluster.topology import Topology, slot_of
from persistence.handshake import Handshake
from persistence.options import RedisOptions
from persistence.outage import Outage
from persistence.rejoining import load_scripts
from persistence.way import Way
from persistence.ways import Ends, OnBack, Run


class ClusterWays:
    """See persistence.ways.Ways."""

    def __init__(self, options: RedisOptions, outage: Outage) -> None:
        self._outage = outage
        self.topology = Topology(options)
        self._duties: list[Run] = [self.topology.run]
        self.firm: ClusterFirm | None = None

    def bulk(self, root: bytes, on_batch: Callable[[], None], on_back: OnBack) -> Way:
        """See Ways."""

        async def on_connect(address: Address, handshake: Handshake) -> None:
            await load_scripts(handshake)

        def on_returned(slot: int) -> None:
            on_back(lambda tag: slot_of(tag) == slot)

        return self._made(
            ClusterPipe(
                self.topology,
                self._outage,
                name="bulk",
                root=root,
                on_connect=on_connect,
                on_returned=on_returned,
                on_batch=on_batch,
            )
        )

    def store(self, ends: Ends) -> Way:
        """See Ways."""
        returning = Returning(self.topology, ends.rejoining, ends.link, ends.keeper, ends.alarm, ends.events)

        async def on_connect(address: Address, handshake: Handshake) -> None:
            await ends.on_greeted(self.topology.options_of(address).address, handshake)
            await returning.on_connect(address, handshake)

        pipe = self._made(
            ClusterPipe(
                self.topology,
                self._outage,
                name="store",
                root=ends.link.keys.root,
                on_connect=on_connect,
                on_return=returning.on_return,
                on_returned=returning.on_returned,
                on_away=returning.on_away,
                on_push=ends.on_push,
                on_batch=ends.on_batch,
                on_flush=ends.on_flush,
                replicas=ends.durability.most_replicas,
            )
        )
        if pipe.holding is not None:
            self.firm = ClusterFirm(pipe, pipe.holding)
            self._duties.append(pipe.holding.run)
        return pipe

    def _made(self, pipe: ClusterPipe) -> ClusterPipe:
        self._duties.append(pipe.run)
        return pipe

    def duties(self) -> Sequence[Run]:
        """See Ways."""
        return self._duties
