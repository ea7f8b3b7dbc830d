"""A failover under load: sentinels put a replica in the master's place, and two brokers find it by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.broker.peers import open_peer
from tests.clusters import wait_in_step
from tests.faults.ledger import jobs_left
from tests.faults.load import CALL, LOAD, Load
from tests.faults.traces import nothing_is_left
from tests.faults.victims import Victim, victims
from tests.persistence.pipes import until
from tests.sentinels import NAME, NO_DELAY, SentinelServer
from tests.servers import AOF, PATIENCE_SECONDS, Engine, RedisServer

PREFIX = "load"
SENTINELS = 3
QUORUM = 2


class Group:
    """A master, its replicas, and those who watch over them."""

    def __init__(self, engine: Engine, stack: ExitStack, replicas: int, settings: tuple[str, ...]) -> None:
        self.master = RedisServer(engine, *NO_DELAY, *settings)
        following = ("--replicaof", "127.0.0.1", str(self.master.port))
        self.replicas = [RedisServer(engine, *NO_DELAY, *settings, *following) for _ in range(replicas)]
        self.sentinels = [SentinelServer(engine, self.master.port, quorum=QUORUM) for _ in range(SENTINELS)]
        for server in (self.master, *self.replicas, *self.sentinels):
            stack.callback(server.clean_up)

    def start(self) -> None:
        """All of them."""
        for server in (self.master, *self.replicas):
            server.start()
        self.master.client().wait(len(self.replicas), int(PATIENCE_SECONDS * 1000))
        for sentinel in self.sentinels:
            sentinel.start()

    async def is_watched(self) -> None:
        """Wait until each sentinel could lead a failover."""
        others = len(self.sentinels) - 1
        await until(lambda: all(each.knows(replicas=len(self.replicas), others=others) for each in self.sentinels))

    @property
    def url(self) -> str:
        """Where brokers find it."""
        places = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{places}/{NAME}/0?socket_timeout=2"

    async def heir(self) -> RedisServer:
        """Who took the master's place, as soon as both brokers have moved there.

        On a busy machine the sentinels may lose patience with the first they chose, and choose again: even who was
        master before.
        """
        for sentinel in self.sentinels:
            await trio.to_thread.run_sync(sentinel.wait_for, "+switch-master")
        servers = {server.port: server for server in (self.master, *self.replicas)}
        await until(lambda: _brokers_at(servers[self.sentinels[0].master_port()]) == 2)
        return servers[self.sentinels[0].master_port()]

    async def is_killed(self) -> None:
        """The master is."""
        await trio.to_thread.run_sync(self.master.kill)

    async def is_replaced(self) -> None:
        """The master is, by order, while it lives: until it is told, it takes what comes."""
        await until(self.sentinels[0].fail_over)

    async def is_in_step(self) -> None:
        """The replicas have all that the master has confirmed, and it confirms no more."""
        self.master.client().execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
        await trio.to_thread.run_sync(wait_in_step, [self.master])

    async def is_killed_in_step(self) -> None:
        """The master is, when no replica lacks anything: sentinels promise no more by themselves."""
        await self.is_in_step()
        await self.is_killed()

    async def is_replaced_in_step(self) -> None:
        """As an operator has the master replaced who does not want to lose anything."""
        await self.is_in_step()
        await self.is_replaced()


def _brokers_at(server: RedisServer) -> int:
    names = [client["name"] for client in server.client().client_list()]
    return names.count("trio-gearman:store")


MakeGroup = Callable[..., Awaitable[Group]]


@pytest.fixture
async def make_group(engine: Engine) -> AsyncIterator[MakeGroup]:
    """Makes a running group with so many replicas and these settings."""
    with ExitStack() as stack:

        async def make(replicas: int, *settings: str) -> Group:
            group = Group(engine, stack, replicas, settings)
            await trio.to_thread.run_sync(group.start)
            await group.is_watched()
            return group

        yield make


@asynccontextmanager
async def loaded(group: Group, start: Callable[..., Victim], folder: Path, durability: str) -> AsyncIterator[Load]:
    """Two brokers and workers; clients before, in and after the block; and when it is left, all has run."""
    brokers = [start(group.url, PREFIX, folder / str(number), durability=durability) for number in range(2)]
    ports = [(await broker.address())[1] for broker in brokers]
    load = Load()
    async with trio.open_nursery() as workers:
        for number in range(4):
            workers.start_soon(load.work, lambda number=number: ports[number % 2])
        async with trio.open_nursery() as clients:
            for number in range(3):
                clients.start_soon(load.submit, b"client %d" % number, lambda number=number: ports[number % 2])
            clients.start_soon(load.call, b"caller", lambda: ports[1])
            await load.goes_on()
            yield load
            await load.goes_on()
            load.end()
        async with open_peer(("127.0.0.1", ports[1])) as asking:
            for function in (LOAD, CALL):
                while await jobs_left(asking, function):
                    await load.pause()
        workers.cancel_scope.cancel()


Fault = Callable[[Group], Awaitable[None]]
FAULTS: dict[str, tuple[Fault, int, str]] = {
    # the fault, with how many replicas, and what was promised
    "killed": (Group.is_killed, 2, "replica:1"),
    # With two, the one that is not promoted goes on to confirm what is lost when the old master gives up.
    "replaced": (Group.is_replaced, 1, "replica:1"),
    "killed in step": (Group.is_killed_in_step, 1, "fsync"),
    "replaced in step": (Group.is_replaced_in_step, 1, "fsync"),
}


@pytest.mark.parametrize(("fault", "replicas", "durability"), FAULTS.values(), ids=FAULTS.keys())
async def test_nothing_acknowledged_is_lost_in_a_failover(
    make_group: MakeGroup, tmp_path: Path, fault: Fault, replicas: int, durability: str
) -> None:
    group = await make_group(replicas, *(AOF if durability == "fsync" else ()))
    with victims() as start, trio.fail_after(2 * PATIENCE_SECONDS):
        async with loaded(group, start, tmp_path, durability) as load:
            twice, before = load.in_flight(), load.ledger.runs.copy()
            await fault(group)
            heir = await group.heir()
            # As long as the old master goes on, ends are written where they are lost.
            twice |= load.in_flight() | (load.ledger.runs - before).keys()
        load.ledger.nothing_is_lost()
        assert load.ledger.ran_again <= twice
        for function in (LOAD, CALL):
            nothing_is_left(heir.client(), PREFIX, function)


async def test_in_memory_only_what_was_under_way_to_the_replica_is_lost_and_nothing_is_stuck(
    make_group: MakeGroup, tmp_path: Path
) -> None:
    group = await make_group(1)
    with victims() as start, trio.fail_after(2 * PATIENCE_SECONDS):
        async with loaded(group, start, tmp_path, "memory") as load:
            await group.is_killed()
            at_the_fault = set(load.ledger.acknowledged)
            heir = await group.heir()
        lost = load.ledger.acknowledged.keys() - load.ledger.runs.keys()
        assert lost <= at_the_fault
        assert len(load.ledger.acknowledged) > len(at_the_fault)
        for function in (LOAD, CALL):
            nothing_is_left(heir.client(), PREFIX, function)
