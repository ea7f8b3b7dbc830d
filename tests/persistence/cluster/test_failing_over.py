"""A node is killed, and its replica takes its place."""

from collections.abc import Iterator

import pytest
import trio

from persistence import Outcome, StoreUnavailableError, Submitted
from persistence.keys import digest_of
from tests.clusters import Cluster
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import FUNCTION, Standin
from tests.servers import RedisServer


@pytest.fixture
def cluster(mortal_cluster: Cluster) -> Cluster:
    """Whole again, whatever the last test did to it."""
    mortal_cluster.mend()
    return mortal_cluster


def names_at(broker: Standin, cluster: Cluster, node: RedisServer, *, there: bool) -> Iterator[bytes]:
    """Names of functions that are, or are not, at a node."""
    for number in range(1000):
        name = b"f%d" % number
        if (cluster.owner(broker.store.link.keys.tag(digest_of(name))) is node) is there:
            yield name


async def test_functions_of_other_nodes_go_on_and_those_of_the_dead_one_return(
    broker: Standin, other: Standin, start: Start, cluster: Cluster
) -> None:
    hasty = await start(Standin(cluster, store_timeout_seconds=0.1))
    root = cluster.owner(broker.store.link.keys.root)
    dead = cluster.other_than(root)
    here, there = next(names_at(broker, cluster, dead, there=True)), next(names_at(broker, cluster, dead, there=False))
    broker.store.listen(broker.function(here))
    for name in (here, there):
        await broker.submit(b"first", function=name, unique=b"u")
    hasty.function(here)
    await hasty.settled()
    run = await broker.claim(here)
    await trio.to_thread.run_sync(cluster.wait_in_step)

    await trio.to_thread.run_sync(dead.kill)
    meanwhile = [broker.submit_soon(b"%d" % number, function=here) for number in range(20)]
    ended: list[bytes] = []
    broker.store.ending.finish(
        broker.function(here), run.id, run.attempt, Outcome.COMPLETED, b"", ended.append, unique=b"u", beside=False
    )
    assert (await broker.submit(b"second", function=there)).outcome is Submitted.QUEUED
    assert (await broker.claim(there)).payload == b"first"
    assert not broker.store.reaches(broker.function(here))
    assert not any(meanwhile)
    assert isinstance((await hasty.submit(b"refused", function=here)).outcome, StoreUnavailableError)

    await until(lambda: all(meanwhile))
    assert [answer.outcome for (answer,) in meanwhile] == [Submitted.QUEUED] * 20
    await until(lambda: bool(ended))
    assert ended == [b"finished"]
    await until(lambda: other.store.reaches(other.function(here)))
    assert [(await other.claim(here)).payload for _ in range(20)] == [b"%d" % number for number in range(20)]
    assert (await other.look(here)).job is None
    counts = await broker.counts(here)
    assert (counts.submitted, counts.completed, counts.running) == (21, 1, 20)
    assert (await broker.submit(b"free again", function=here, unique=b"u")).outcome is Submitted.QUEUED


async def test_the_node_of_the_presences_may_be_the_one(broker: Standin, cluster: Cluster) -> None:
    await broker.submit(b"before")
    dead = cluster.owner(broker.store.link.keys.root)
    elsewhere = next(names_at(broker, cluster, dead, there=False))
    await broker.submit(function=elsewhere)
    name = broker.name
    await trio.to_thread.run_sync(cluster.wait_in_step)
    await trio.to_thread.run_sync(dead.kill)
    assert (await broker.claim(elsewhere)).payload == b"cat.jpg"
    await until(lambda: broker.store.pipe.reaches(broker.store.link.keys.root))
    await until(lambda: broker.store.reaches(broker.function()))
    assert (await broker.claim()).payload == b"before"
    assert broker.name == name
    assert list(await broker.store.janitor.look()) == [name]
    assert set(await broker.store.asking.functions()) == {FUNCTION, elsewhere}
