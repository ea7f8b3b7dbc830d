"""What happens to a cluster in the middle of load at two brokers: slots move, nodes fail over, others go on."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from persistence.keys import Keys, digest_of
from tests.broker.peers import open_peer
from tests.clusters import Cluster, ask, wait_for
from tests.faults.ledger import jobs_left
from tests.faults.load import FUNCTION, JOBS_PER_CLIENT, Load
from tests.faults.traces import all_mail_is_read, nothing_is_left
from tests.faults.victims import victims
from tests.persistence.pipes import until
from tests.servers import PATIENCE_SECONDS, Engine, RedisServer

PREFIX = "load"
TAG = Keys(PREFIX.encode()).tag(digest_of(FUNCTION))


def the_slot_moves(cluster: Cluster) -> None:
    """There and back, key by key, with a while in which it is at neither."""
    for _ in range(3):
        move = cluster.begin_move(TAG)
        while move.move_keys(1):
            pass
        move.finish()


def the_node_is_killed(cluster: Cluster) -> None:
    """When its replica has all that it has confirmed: a cluster promises no more by itself."""
    node = cluster.owner(TAG)
    ask(node, "CLIENT", "PAUSE", 60_000, "WRITE")
    cluster.wait_in_step()
    node.kill()
    wait_for(lambda: cluster.owner(TAG) is not node)


def the_replica_takes_over(cluster: Cluster) -> None:
    """As an operator lets it before he restarts a node; the old one goes on as its replica."""
    node = cluster.owner(TAG)
    ask(replica_of(cluster, node), "CLUSTER", "FAILOVER")
    wait_for(lambda: cluster.owner(TAG) is not node)


def replica_of(cluster: Cluster, node: RedisServer) -> RedisServer:
    """The replica of a node."""
    return next(
        other for other in cluster.running() if other.client().info("replication").get("master_port") == node.port
    )


FAULTS: tuple[Callable[[Cluster], None], ...] = (the_slot_moves, the_replica_takes_over, the_node_is_killed)
"""In this order, for the last leaves a node less."""


@pytest.fixture
def cluster(engine: Engine) -> Iterator[Cluster]:
    """Three primaries, each with a replica."""
    cluster = Cluster(engine, replicas=1)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean_up()


async def test_nothing_acknowledged_is_lost_changed_or_run_twice(cluster: Cluster, tmp_path: Path) -> None:
    with victims() as start, trio.fail_after(4 * PATIENCE_SECONDS):
        brokers = [start(cluster.url, PREFIX, tmp_path / str(number)) for number in range(2)]
        ports = [(await broker.address())[1] for broker in brokers]
        for fault in FAULTS:
            await carry_on(ports, partial(trio.to_thread.run_sync, fault, cluster), breaks=fault is the_node_is_killed)
            await until(lambda: all_mail_is_read(cluster.client(), PREFIX, FUNCTION))
            nothing_is_left(cluster.client(), PREFIX, FUNCTION)


async def carry_on(ports: list[int], fault: Callable[[], Awaitable[None]], *, breaks: bool) -> None:
    """Load at two brokers, with a fault in its middle, and the ledger of it. Nothing runs twice unless it `breaks`."""
    load = Load()
    async with trio.open_nursery() as workers:
        for number in range(4):
            workers.start_soon(load.work, lambda number=number: ports[number % 2])
        async with trio.open_nursery() as clients:
            for number in range(4):
                clients.start_soon(load.submit, b"client %d" % number, lambda number=number: ports[number % 2])
            clients.start_soon(load.call, b"caller", lambda: ports[1])
            while load.answered < JOBS_PER_CLIENT:
                await trio.lowlevel.checkpoint()
            twice = load.may_run_twice()
            await fault()
            twice |= load.may_run_twice()
            if not breaks:
                twice.clear()
        async with open_peer(("127.0.0.1", ports[1])) as asking:
            while await jobs_left(asking, FUNCTION):
                pass
        workers.cancel_scope.cancel()
    load.ledger.nothing_is_lost()
    assert {payload for payload, runs in load.ledger.runs.items() if runs > 1} <= twice
    assert load.calls
