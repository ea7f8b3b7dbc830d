"""Where the jobs of a walk are: on one server or on a cluster, in memory or on replicas as well."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol

from tests.clusters import Cluster, wait_in_step
from tests.sentinels import NO_DELAY
from tests.servers import Engine, RedisServer


class Servers(Protocol):
    """A `tests.clusters.Cluster`, or what has its manners."""

    @property
    def url(self) -> str:
        """Where brokers find it."""

    def start(self) -> None:
        """Return when all of it serves."""

    def flush(self) -> None:
        """Forget all data."""

    def primaries(self) -> list[RedisServer]:
        """Those that brokers speak to."""

    def owner(self, key: bytes) -> RedisServer:
        """Which of them has a key."""

    def clean_up(self) -> None:
        """Leave nothing behind."""


class Single:
    """One server, and its replicas; see Servers."""

    def __init__(self, engine: Engine, replicas: int) -> None:
        self._primary = RedisServer(engine, *NO_DELAY)
        following = ("--replicaof", "127.0.0.1", str(self._primary.port))
        self._replicas = [RedisServer(engine, *NO_DELAY, *following) for _ in range(replicas)]

    @property
    def url(self) -> str:
        """See Servers."""
        return self._primary.unix_url

    def start(self) -> None:
        """See Servers."""
        for server in (self._primary, *self._replicas):
            server.start()
        wait_in_step(self._replicas)

    def flush(self) -> None:
        """See Servers."""
        self._primary.client().flushall()

    def primaries(self) -> list[RedisServer]:
        """See Servers."""
        return [self._primary]

    def owner(self, key: bytes) -> RedisServer:
        """See Servers."""
        return self._primary

    def clean_up(self) -> None:
        """See Servers."""
        for server in (self._primary, *self._replicas):
            server.clean_up()


class Kind(NamedTuple):
    """A store that can be opened."""

    cluster: bool = False
    replicas: int = 0
    """Of each primary; every job waits for all of them."""

    @property
    def durability(self) -> str:
        """What brokers are told."""
        return f"replica:{self.replicas}" if self.replicas else "memory"


KINDS: Final = {
    "one server": Kind(),
    "a server with a replica": Kind(replicas=1),
    "a cluster": Kind(cluster=True),
    "a cluster with replicas": Kind(cluster=True, replicas=1),
}


class Stored(NamedTuple):
    """A store that runs."""

    servers: Servers
    durability: str


@contextmanager
def running(engine: Engine, kind: Kind) -> Iterator[Stored]:
    """A store of this kind for the length of the block."""
    servers: Servers = Cluster(engine, replicas=kind.replicas) if kind.cluster else Single(engine, kind.replicas)
    try:
        servers.start()
        yield Stored(servers, kind.durability)
    finally:
        servers.clean_up()
