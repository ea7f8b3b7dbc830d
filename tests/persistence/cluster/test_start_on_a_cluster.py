"""What a store finds out about a cluster before it works."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from persistence import (
    StoreError,
    StoreForgetsError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreVersionError,
    open_store,
)
from persistence.cluster.cluster_pipe import ClusterPipe
from persistence.durability import Durability
from persistence.errors import StoreClusterError
from persistence.keys import Keys
from persistence.rejoining import PROBED
from tests.clusters import SLOTS, Cluster, ask
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import PREFIX, Standin
from tests.ports import private_port
from tests.servers import RedisServer

HASTE = 0.5
"""Seconds; nothing that these wait for can come."""
SEVERAL = 3


class Named:
    """What a cluster's address names."""

    def __init__(self, *ports: int) -> None:
        self.port = ports[0]
        self.cluster = tuple(("127.0.0.1", port) for port in ports)


async def refused_by(broker: Standin, error: type[StoreError]) -> str:
    with pytest.raises(error) as caught:
        async with open_store(broker.store):
            pytest.fail("it works")
    line = str(caught.value)
    assert "\n" not in line
    return line


async def test_one_server_is_no_cluster(make_server: Callable[..., RedisServer]) -> None:
    server = make_server()
    server.start()
    line = await refused_by(Standin(Named(server.port)), StoreClusterError)
    assert line == (
        f"Redis at 127.0.0.1:{server.port} is no node of a cluster: name it by redis://, or set its cluster-enabled yes"
    )


async def test_a_node_is_not_one_server(cluster: Cluster) -> None:
    node = Named(cluster.port)
    node.cluster = ()
    line = await refused_by(Standin(node), StoreClusterError)
    assert line == (
        f"Redis at 127.0.0.1:{cluster.port} is a node of a cluster: name it by redis+cluster://127.0.0.1:{cluster.port}"
    )


async def test_nobody_is_there() -> None:
    ports = private_port(), private_port()
    line = await refused_by(Standin(Named(*ports), connect_timeout_seconds=HASTE), StoreUnavailableError)
    assert line.startswith(f"no node of the Redis Cluster at 127.0.0.1:{ports[0]}, 127.0.0.1:{ports[1]} answers; 127.")
    assert line.endswith(": Connection refused")


async def all_wait(broker: Standin, nursery: trio.Nursery, told: list[StoreError | None]) -> None:
    """Several wait for the cluster; what each is told comes into this list."""

    async def wait() -> None:
        try:
            await broker.store.bulk.wait_connected()
        except StoreError as error:
            told.append(error)
        else:
            told.append(None)

    for _ in range(SEVERAL):
        nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()


async def test_all_who_wait_for_a_node_are_told_when_one_is_there(cluster: Cluster, start: Start) -> None:
    broker, told = Standin(cluster), list[StoreError | None]()
    async with trio.open_nursery() as nursery:
        await all_wait(broker, nursery, told)
        await start(broker)
        await until(lambda: told == [None] * SEVERAL)


async def test_all_who_wait_for_a_node_are_told_that_none_will_be_there() -> None:
    broker, told = Standin(Named(private_port())), list[StoreError | None]()
    way = broker.store.bulk
    assert isinstance(way, ClusterPipe)
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as running:
            await running.start(lambda task_status: way.run(task_status=task_status))
            await all_wait(broker, nursery, told)
            running.cancel_scope.cancel()
        await until(lambda: [type(error) for error in told] == [StoreUnavailableError] * SEVERAL)


async def test_one_of_those_named_is_enough(cluster: Cluster) -> None:
    broker = Standin(Named(private_port(), cluster.port))
    async with open_store(broker.store):
        assert await broker.submit()


async def test_slots_that_nobody_serves(make_server: Callable[..., RedisServer]) -> None:
    server = make_server("--cluster-enabled", "yes", "--cluster-port", str(private_port()))
    server.start()
    await trio.to_thread.run_sync(ask, server, "CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 2)
    line = await refused_by(Standin(Named(server.port), connect_timeout_seconds=HASTE), StoreClusterError)
    assert line == (
        f"1 of the 16384 slots of the Redis Cluster at 127.0.0.1:{server.port} are served by nobody: "
        "mend it (redis-cli --cluster check)"
    )


def first_probe_at(node: RedisServer, cluster: Cluster) -> bytes:
    tags = (Keys(PREFIX).tag(b"%b%d" % (PROBED, number)) for number in itertools.count())
    return next(tag for tag in tags if cluster.owner(tag) is node)


@pytest.mark.parametrize("moving", ["probe", "root"])
async def test_a_broker_starts_while_a_slot_is_on_its_way(cluster: Cluster, start: Start, moving: str) -> None:
    key = Keys(PREFIX).root if moving == "root" else first_probe_at(cluster.nodes[1], cluster)
    move = await trio.to_thread.run_sync(cluster.begin_move, key)
    node: Any = move.source.client()
    node.config_resetstat()
    broker, started = Standin(cluster), list[Standin]()
    async with trio.open_nursery() as nursery:

        async def come() -> None:
            started.append(await start(broker))

        nursery.start_soon(come)
        await until(lambda: "errorstat_ASK" in node.info("errorstats"))
        if moving == "root":
            assert not started
            await trio.to_thread.run_sync(move.finish)
        await until(lambda: bool(started))
    assert await broker.submit()
    if moving == "probe":
        await trio.to_thread.run_sync(move.give_up)


async def test_a_password_is_missing_or_wrong(make_server: Callable[..., RedisServer]) -> None:
    server = make_server("--cluster-enabled", "yes", "--cluster-port", str(private_port()), password="pa55")
    server.start()
    line = await refused_by(Standin(Named(server.port)), StoreRefusedError)
    assert line == (f"NOAUTH Redis asks for a password and none is given (user default at 127.0.0.1:{server.port})")
    line = await refused_by(Standin(Named(server.port), password="hunter2"), StoreRefusedError)
    assert line.startswith("WRONGPASS invalid username-password pair")
    assert "hunter2" not in line


async def test_data_of_a_newer_schema(cluster: Cluster) -> None:
    cluster.client().set(Keys(PREFIX).schema, 2)
    line = await refused_by(Standin(cluster), StoreVersionError)
    assert "is of schema 2, this broker knows 1" in line


async def test_a_permission_that_is_missing(cluster: Cluster) -> None:
    for node in cluster.nodes:
        client: Any = node.client()
        client.execute_command(
            "ACL", "SETUSER", "shop", "reset", "on", ">pa55", "~{test*", "&{test*", "+@all", "-spublish"
        )
    line = await refused_by(Standin(cluster, username="shop", password="pa55"), StoreRefusedError)
    assert "the Redis user needs ~{test* &{test* +@all -@admin" in line


async def test_every_node_must_sync_if_jobs_are_to_be_on_disk(cluster: Cluster) -> None:
    lax = cluster.nodes[1]
    for node in cluster.nodes:
        await trio.to_thread.run_sync(ask, node, "CONFIG", "SET", "appendonly", "yes")
        fsync = "everysec" if node is lax else "always"
        await trio.to_thread.run_sync(ask, node, "CONFIG", "SET", "appendfsync", fsync)
    try:
        line = await refused_by(Standin(cluster, durability=Durability(fsync=True)), StoreForgetsError)
    finally:
        for node in cluster.nodes:
            ask(node, "CONFIG", "SET", "appendonly", "no")
    assert f"Redis at 127.0.0.1:{lax.port} runs with appendfsync everysec" in line
