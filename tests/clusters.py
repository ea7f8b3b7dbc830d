"""Real clusters of real servers: each node a `RedisServer` of its own, on loopback, with a private port for their bus.

Building, moving and waiting is plain blocking code, and returns when every node says that it is so.
"""

import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot

from tests.ports import private_port
from tests.servers import PATIENCE_SECONDS, Engine, RedisServer

SLOTS = 16_384
NODE_TIMEOUT_MS = 1000
"""A node that is silent for so long is taken for failed. Shorter, and a busy machine fails one over by itself."""


class Cluster:
    """A cluster of some primaries, each with so many replicas. What is left out here is `RedisServer`'s.

    Attributes:
        nodes: the primaries of the beginning first, each of which has an equal part of the slots.
    """

    def __init__(
        self,
        engine: Engine,
        primaries: int = 3,
        replicas: int = 0,
        settings: tuple[str, ...] = (),
        node: type[RedisServer] = RedisServer,
    ) -> None:
        self._primaries, self._replicas = primaries, replicas
        self.nodes = [
            node(
                engine, "--cluster-enabled", "yes", "--cluster-port", str(private_port()),
                "--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--repl-diskless-sync-delay", "0",
                "--cluster-require-full-coverage", "no", *settings,
            )
            for _ in range(primaries * (1 + replicas))
        ]  # fmt: skip
        self._client: Any = None

    @property
    def port(self) -> int:
        """Of the first node."""
        return self.nodes[0].port

    @property
    def cluster(self) -> tuple[tuple[str, int], ...]:
        """Where all nodes are, as RedisOptions has it."""
        return tuple(("127.0.0.1", node.port) for node in self.nodes)

    @property
    def url(self) -> str:
        """As an operator names it: by some of its nodes."""
        return "redis+cluster://" + ",".join(f"{host}:{port}" for host, port in self.cluster[:2])

    def start(self) -> None:
        """Start it, and return when every node knows that it is whole."""
        for node in self.nodes:
            node.start()
        share = -(-SLOTS // self._primaries)
        for number, node in enumerate(self.nodes):
            ask(node, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < self._primaries:
                ask(node, "CLUSTER", "ADDSLOTSRANGE", number * share, min(SLOTS, (number + 1) * share) - 1)
        for node in self.nodes[1:]:
            ask(node, "CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, int(self.nodes[0].settings[3]))
        for number, node in enumerate(self.nodes[self._primaries :]):
            primary = identity(self.nodes[number % self._primaries])
            wait_for(partial(knows, node, primary))
            ask(node, "CLUSTER", "REPLICATE", primary)
        self.wait_whole()

    def wait_whole(self) -> None:
        """Return when all nodes that run are agreed, and replicas have all: not while it is written to."""
        self.wait_agreed()
        self.wait_in_step()

    def wait_agreed(self) -> None:
        """Return when all nodes that run say that all slots are served, and by whom alike."""
        wait_for(lambda: all("cluster_state:ok" in ask(node, "CLUSTER", "INFO") for node in self.running()))
        wait_for(lambda: len({str(slots_seen_by(node)) for node in self.running()}) == 1)

    def wait_in_step(self) -> None:
        """Return when every replica has all that its primary has."""
        wait_in_step(self.running())

    def running(self) -> list[RedisServer]:
        """The nodes that have not been killed, nor stand still."""
        return [node for node in self.nodes if node.runs and not node.paused]

    def client(self) -> Any:
        """Our own view of it: a `redis.RedisCluster`, whose `keys` and the like ask all primaries."""
        if self._client is None:
            self._client = RedisCluster(startup_nodes=[ClusterNode(*where) for where in self.cluster])
        return self._client

    def cut(self) -> None:
        """Break every connection to one of the nodes, but our own view."""
        for kind in ("normal", "pubsub"):
            self.client().client_kill_filter(_type=kind, skipme=True)

    def owner(self, key: bytes) -> RedisServer:
        """The node that has a key, by what the first running node says; in the middle of a failover, the next one."""
        wait_for(lambda: self._owner(key) is not None)
        owner = self._owner(key)
        return self.owner(key) if owner is None else owner

    def _owner(self, key: bytes) -> RedisServer | None:
        for first, last, (_, port, *_rest), *_replicas in slots_seen_by(self.running()[0]):
            if first <= key_slot(key) <= last:
                return next(node for node in self.nodes if node.port == port)
        return None

    def other_than(self, node: RedisServer) -> RedisServer:
        """A primary that is not this one."""
        return next(other for other in self.primaries() if other is not node)

    def primaries(self) -> list[RedisServer]:
        """Those that serve slots now."""
        return [node for node in self.running() if node.client().role()[0] == b"master"]

    def replica_of(self, node: RedisServer) -> RedisServer:
        """A replica of a primary."""
        return next(
            other for other in self.running() if other.client().info("replication").get("master_port") == node.port
        )

    def begin_move(self, key: bytes) -> "Move":
        """Begin to move the slot of a key to another node."""
        source = self.owner(key)
        return Move(self, key_slot(key), source, self.other_than(source))

    def flush(self) -> None:
        """Forget all data."""
        for node in self.primaries():
            ask(node, "FLUSHALL")

    def mend(self) -> None:
        """Start again what was killed, and forget all data."""
        for node in self.nodes:
            if not node.runs:
                node.start()
        self.wait_whole()
        self.flush()

    def clean_up(self) -> None:
        """Leave neither processes nor files behind."""
        if self._client is not None:
            self._client.close()
        for node in self.nodes:
            node.clean_up()


class Move:
    """A slot on its way, as `redis-cli --cluster reshard` moves it."""

    def __init__(self, cluster: Cluster, slot: int, source: RedisServer, target: RedisServer) -> None:
        self._cluster, self._slot = cluster, slot
        self.source, self.target = source, target
        ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", identity(source))
        ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", identity(target))

    def move_keys(self, most: int = SLOTS) -> int:
        """Move some keys; how many."""
        keys = self.source.client().execute_command("CLUSTER", "GETKEYSINSLOT", self._slot, most)
        if keys:
            self.source.client().execute_command(
                "MIGRATE", "127.0.0.1", self.target.port, "", 0, int(PATIENCE_SECONDS * 1000), "KEYS", *keys
            )
        return len(keys)

    def finish(self) -> None:
        """Move what is left, and tell everybody."""
        while self.move_keys():
            pass
        for node in (self.target, self.source, *self._cluster.primaries()):
            ask(node, "CLUSTER", "SETSLOT", self._slot, "NODE", identity(self.target))

    def give_up(self) -> None:
        """Leave the slot where it was; no key has been moved."""
        for node in (self.source, self.target):
            ask(node, "CLUSTER", "SETSLOT", self._slot, "STABLE")


def ask(node: RedisServer, *command: str | int) -> str:
    """What a node answers."""
    reply: Any = node.client().execute_command(*command)
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def slots_seen_by(node: RedisServer) -> Any:
    """CLUSTER SLOTS, sorted."""
    return sorted(node.client().execute_command("CLUSTER", "SLOTS"))


def identity(node: RedisServer) -> str:
    """The id of a node."""
    return ask(node, "CLUSTER", "MYID")


def knows(node: RedisServer, other: str) -> bool:
    """Whether a node has heard of another."""
    return other in ask(node, "CLUSTER", "NODES")


def cut_off(node: RedisServer) -> None:
    """Its replicas live, and get nothing more from it."""
    ask(node, "ACL", "SETUSER", "default", "-psync", "-sync")
    ask(node, "CLIENT", "KILL", "TYPE", "replica")


def let_in(node: RedisServer) -> None:
    """The end of `cut_off`, as soon as they try again.

    SYNC stays forbidden: a replica that was refused PSYNC a moment before would follow by it, and never acknowledge.
    """
    ask(node, "ACL", "SETUSER", "default", "+psync")


def is_in_step(node: RedisServer) -> bool:
    """Whether its replicas have all that it has; or, of a replica, whether it is connected."""
    try:
        facts = node.client().info("replication")
    except redis.RedisError:
        return False
    replicas = [value for name, value in facts.items() if re.fullmatch(r"slave\d+", name)]
    return facts.get("master_link_status", "up") == "up" and all(
        replica["offset"] >= facts["master_repl_offset"] for replica in replicas
    )


def wait_in_step(servers: Iterable[RedisServer]) -> None:
    """Return when each, in its turn, has or is told all."""
    for server in servers:
        wait_for(partial(is_in_step, server))


def wait_for(condition: Callable[[], bool]) -> None:
    """Ask again and again: nodes tell each other by gossip, and nobody else."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at, "the cluster did not come so far"
        time.sleep(0.02)
