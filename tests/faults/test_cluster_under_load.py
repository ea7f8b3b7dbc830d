"""What happens to a cluster in the middle of load at two brokers: slots move, nodes fail over, others go on."""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from persistence.keys import Keys, digest_of
from tests.clusters import Cluster, ask, cut_off, is_in_step, wait_for
from tests.faults.load import LINE, LOAD, Load
from tests.faults.site import PREFIX, Site
from tests.faults.victims import Victim, victims
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer, find_engine


class ClusterSite(Site[Victim]):
    """Two brokers on a cluster, with nothing between."""

    def __init__(
        self,
        cluster: Cluster,
        start: Callable[..., Victim],
        folder: Path,
        durability: str,
        load: Load | None = None,
        **fields: float,
    ) -> None:
        super().__init__(cluster.nodes[0], start, folder, {"durability": durability, **fields}, load=load)
        self.cluster = cluster

    async def build(self, stack: AsyncExitStack) -> None:
        """Start both."""
        for number in range(self.size):
            self.brokers.append(self.broker(number))
            self.ports.append((await self.brokers[number].address())[1])

    def broker(self, number: int) -> Victim:
        """Start one."""
        return self._start(self.cluster.url, PREFIX, self._folder / str(number), **self._fields)

    @property
    def redis(self) -> Any:
        """Our own view of all nodes."""
        return self.cluster.client()


def tag_of(function: bytes) -> bytes:
    return Keys(PREFIX.encode()).tag(digest_of(function))


def slots_move(cluster: Cluster) -> None:
    """There and back, key by key, with a while in which they are at neither node."""
    for function in (LOAD, LINE, LOAD):
        move = cluster.begin_move(tag_of(function))
        while move.move_keys(1):
            pass
        move.finish()


def a_node_is_killed_in_step(cluster: Cluster) -> None:
    """When its replica has all that it has confirmed: a cluster promises no more by itself."""
    node = cluster.owner(tag_of(LOAD))
    ask(node, "CLIENT", "PAUSE", 60_000, "WRITE")
    wait_for(partial(is_in_step, node))
    node.kill()
    wait_for(lambda: cluster.owner(tag_of(LOAD)) is not node)


def a_node_is_killed(cluster: Cluster) -> None:
    """In the middle of whatever it does; when its replica has taken its place, it comes back as the replica of that."""
    node = cluster.owner(tag_of(LOAD))
    node.kill()
    takes_over_from(cluster, node)


def a_node_is_killed_whose_replica_lags(cluster: Cluster) -> None:
    """When it has taken jobs that nobody else has got."""
    node = cluster.owner(tag_of(LOAD))
    cut_off(node)
    before = submitted_at(node)
    wait_for(lambda: submitted_at(node) > before)
    node.kill()
    takes_over_from(cluster, node)


def a_node_comes_back(cluster: Cluster) -> None:
    """Killed in the middle of whatever it does, it has what lies on its disk: nobody takes its place."""
    node = cluster.owner(tag_of(LOAD))
    node.kill()
    node.start()


def submitted_at(node: RedisServer) -> int:
    return int(node.client().hget(Keys(PREFIX.encode()).function(tag_of(LOAD)), "submitted"))


def takes_over_from(cluster: Cluster, node: RedisServer) -> None:
    wait_for(lambda: cluster.owner(tag_of(LOAD)) is not node)
    node.start()


def a_replica_takes_over(cluster: Cluster) -> None:
    """As an operator lets it before he restarts a node; the old one goes on as its replica."""
    node = cluster.owner(tag_of(LOAD))
    ask(cluster.replica_of(node), "CLUSTER", "FAILOVER")
    wait_for(lambda: cluster.owner(tag_of(LOAD)) is not node)


@pytest.mark.parametrize(
    ("fault", "durability"),
    [
        (slots_move, "memory"),
        (slots_move, "replica:1"),
        (a_replica_takes_over, "memory"),
        (a_replica_takes_over, "replica:1"),
        (a_node_is_killed_in_step, "memory"),
    ],
)
async def test_nothing_acknowledged_is_lost_changed_or_run_twice_without_a_reason(
    mortal_cluster: Cluster, tmp_path: Path, fault: Callable[[Cluster], None], durability: str
) -> None:
    await all_is_well_after(fault, mortal_cluster, tmp_path, durability)


async def all_is_well_after(fault: Callable[[Cluster], None], cluster: Cluster, folder: Path, durability: str) -> None:
    """A fault in the middle of load; those by which a node ends may let run again what was just running."""
    breaks = fault in (a_node_is_killed_in_step, a_node_comes_back)
    await trio.to_thread.run_sync(cluster.mend)
    with victims() as start, trio.fail_after(3 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            site = ClusterSite(cluster, start, folder, durability)
            await site.build(stack)

            async def strike() -> None:
                if breaks:
                    site.note_in_flight()
                await trio.to_thread.run_sync(partial(fault, cluster))

            await site.under_load(strike)
            await site.all_is_well(loses_a_broker=False, turns=2 * breaks)


@pytest.mark.parametrize("fault", [a_node_is_killed, a_node_is_killed_whose_replica_lags])
async def test_with_replicas_a_node_may_be_killed_in_the_middle_of_anything(
    mortal_cluster: Cluster, tmp_path: Path, fault: Callable[[Cluster], None]
) -> None:
    await trio.to_thread.run_sync(mortal_cluster.mend)
    with victims() as start, trio.fail_after(3 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            # Where a replica is cut off, each client soon waits for it. Only refused they hand in what is to be lost.
            fields = {"store_timeout": 2.0} if fault is a_node_is_killed_whose_replica_lags else {}
            # Nobody waits until replicas know of an end, and on a busy machine they may be some ends behind.
            site = ClusterSite(mortal_cluster, start, tmp_path, "replica:1", Load(remembers=20), **fields)
            await site.build(stack)

            async def strike() -> None:
                site.note_in_flight()
                before = site.load.ledger.runs.copy()
                await trio.to_thread.run_sync(fault, mortal_cluster)
                # What was claimed or ended in the last moment may not have reached the replica: it runs once more.
                site.note_in_flight()
                site.may_run_again |= (site.load.ledger.runs - before).keys()

            await site.under_load(strike)
            await site.all_that_was_acknowledged_ran()


@pytest.fixture(params=["redis", "valkey"], scope="module")
def syncing_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three primaries that sync each write, with nobody to take their place."""
    yield from started(Cluster(find_engine(request.param), settings=AOF))


@pytest.fixture(params=["redis", "valkey"], scope="module")
def mortal_syncing_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The same, with a replica each, which syncs, too."""
    yield from started(Cluster(find_engine(request.param), replicas=1, settings=AOF))


def started(cluster: Cluster) -> Iterator[Cluster]:
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean_up()


@pytest.mark.parametrize("fault", [slots_move, a_node_comes_back])
async def test_what_nodes_have_synced_outlives_them(
    syncing_cluster: Cluster, tmp_path: Path, fault: Callable[[Cluster], None]
) -> None:
    await all_is_well_after(fault, syncing_cluster, tmp_path, "fsync")


@pytest.mark.parametrize("fault", [a_replica_takes_over, a_node_is_killed_in_step])
async def test_what_nodes_have_synced_outlives_a_failover_if_the_replica_has_it(
    mortal_syncing_cluster: Cluster, tmp_path: Path, fault: Callable[[Cluster], None]
) -> None:
    await all_is_well_after(fault, mortal_syncing_cluster, tmp_path, "fsync")
