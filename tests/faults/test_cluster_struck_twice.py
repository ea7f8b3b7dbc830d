"""A cluster is struck a second time before anybody is over the first: nothing is lost, and nobody is restarted."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
import trio

from tests.clusters import Cluster, wait_for
from tests.faults.load import LOAD, Load
from tests.faults.test_cluster_under_load import ClusterSite, a_node_is_killed, a_node_is_killed_in_step, tag_of
from tests.faults.victims import victims
from tests.servers import PATIENCE_SECONDS, RedisServer

BUSY = "for _ = 1, 4000000 do end"
"""A script that keeps a node from everything else for some 30 ms."""
MEANWHILE_SECONDS = 0.015
"""In which brokers say something that is done and not answered: it leaves with the answers to it unsent."""


def cut(cluster: Cluster) -> None:
    """Every connection of the brokers ends, at each node that lives; most often with answers lost.

    What was said to a busy node is done in one go, and answered behind that; the last of it lets all others end.
    """
    for node in cluster.running():
        with ThreadPoolExecutor() as beside, node.client().client() as ours:
            ours.ping()  # it is connected, so that its next word is heard in one go with the brokers'
            beside.submit(node.client().eval, BUSY, 0)  # its answer, too, may be lost
            time.sleep(MEANWHILE_SECONDS)
            for kind in ("pubsub", "normal"):
                ours.client_kill_filter(_type=kind, skipme=True)


def has_a_replica(node: RedisServer) -> bool:
    """Whether one follows it that would have all if it died when they are in step."""
    return bool(node.client().info("replication").get("slave0", {}).get("state") == "online")


def cut_right_after_a_failover(cluster: Cluster) -> None:
    """The brokers are about to prepare what the promoted replica has got."""
    a_node_is_killed_in_step(cluster)
    for _ in range(5):
        cut(cluster)


def the_promoted_one_is_killed_too(cluster: Cluster) -> None:
    """As soon as it has a replica again, which is the one that was killed first."""
    node = cluster.owner(tag_of(LOAD))
    a_node_is_killed_in_step(cluster)
    promoted = cluster.owner(tag_of(LOAD))
    node.start()
    wait_for(partial(has_a_replica, promoted))
    a_node_is_killed_in_step(cluster)
    promoted.start()


def cut_while_a_slot_moves(cluster: Cluster) -> None:
    """There and back; scripts whose answers are lost are repeated where keys are at two nodes, or at another."""
    for _ in range(2):
        move = cluster.begin_move(tag_of(LOAD))
        cut(cluster)
        while move.move_keys(2):
            cut(cluster)
        cut(cluster)
        move.finish()
        cut(cluster)


def moved_right_after_a_failover(cluster: Cluster) -> None:
    """The slot leaves the replica that was promoted, while brokers find out that it was."""
    node = cluster.owner(tag_of(LOAD))
    a_node_is_killed_in_step(cluster)
    cluster.wait_agreed()  # else it could not be told of the move
    move = cluster.begin_move(tag_of(LOAD))
    while move.move_keys(1):
        pass
    move.finish()
    node.start()


def killed_and_killed_again(cluster: Cluster) -> None:
    """In the middle of whatever they do: first the one, then the one that took its place."""
    for _ in range(2):
        node = cluster.owner(tag_of(LOAD))
        wait_for(partial(has_a_replica, node))
        a_node_is_killed(cluster)


def stopped_and_the_promoted_one_killed(cluster: Cluster) -> None:
    """One that stood still goes on, takes itself for the primary for a moment, and soon is that again."""
    node = cluster.owner(tag_of(LOAD))
    node.pause()
    wait_for(lambda: cluster.owner(tag_of(LOAD)) is not node)
    promoted = cluster.owner(tag_of(LOAD))
    node.resume()
    wait_for(partial(has_a_replica, promoted))
    a_node_is_killed(cluster)


@pytest.mark.parametrize(
    "strike",
    [
        cut_right_after_a_failover,
        the_promoted_one_is_killed_too,
        cut_while_a_slot_moves,
        moved_right_after_a_failover,
    ],
)
async def test_nothing_acknowledged_is_lost_or_run_twice_without_a_reason(
    mortal_cluster: Cluster, tmp_path: Path, strike: Callable[[Cluster], None]
) -> None:
    await trio.to_thread.run_sync(mortal_cluster.mend)
    with victims() as start, trio.fail_after(4 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            site = ClusterSite(mortal_cluster, start, tmp_path, "memory")
            await site.build(stack)
            await site.under_load(partial(struck, site, strike))
            await site.all_is_well(loses_a_broker=False, turns=4)


@pytest.mark.parametrize("strike", [killed_and_killed_again, stopped_and_the_promoted_one_killed])
async def test_with_replicas_nodes_may_be_killed_in_the_middle_of_anything(
    mortal_cluster: Cluster, tmp_path: Path, strike: Callable[[Cluster], None]
) -> None:
    await trio.to_thread.run_sync(mortal_cluster.mend)
    with victims() as start, trio.fail_after(4 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            # Nobody waits until replicas know of an end, and on a busy machine they may be some ends behind.
            site = ClusterSite(mortal_cluster, start, tmp_path, "replica:1", Load(remembers=20))
            await site.build(stack)

            async def strike_and_note() -> None:
                before = site.load.ledger.runs.copy()
                await struck(site, strike)
                # What was claimed or ended in the last moment may not have reached the replica: it runs once more.
                site.may_run_again |= (site.load.ledger.runs - before).keys()

            await site.under_load(strike_and_note)
            await site.all_that_was_acknowledged_ran()


async def struck(site: ClusterSite, strike: Callable[[Cluster], None]) -> None:
    """From its beginning to its end; what was in flight at any time of it may run again."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(note_what_is_in_flight, site)
        await trio.to_thread.run_sync(strike, site.cluster)
        nursery.cancel_scope.cancel()
    site.note_in_flight()


async def note_what_is_in_flight(site: ClusterSite) -> None:
    """Endless: who knows when it strikes."""
    while True:
        site.note_in_flight()
        await site.load.pause()
