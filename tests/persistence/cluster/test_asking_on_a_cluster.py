"""What is asked of several functions at a time is told of the right ones, whichever node answers first."""

import trio

from tests.clusters import Cluster, ask
from tests.persistence.store.standin import Standin

PAUSE_MS = 200


async def test_figures_are_those_of_their_functions_however_late_a_node_is(broker: Standin, cluster: Cluster) -> None:
    names = [b"f%d" % number for number in range(6)]
    assert len({cluster.owner(broker.function(name).tag) for name in names}) == 3
    for number, name in enumerate(names):
        for _ in range(number):
            await broker.submit(function=name)
    for node in cluster.primaries():
        await trio.to_thread.run_sync(ask, node, "CLIENT", "PAUSE", PAUSE_MS, "ALL")
        figures = await broker.store.asking.counts_of(names)
        assert [(counts.function, counts.submitted) for counts in figures] == list(zip(names, range(6), strict=True))
