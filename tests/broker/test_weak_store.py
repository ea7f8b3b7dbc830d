"""A Redis that may lose what it has confirmed: told at start, or not used at all."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from broker.settings import Settings
from persistence import StoreForgetsError
from tests.broker.running import open_running
from tests.clusters import Cluster, wait_in_step
from tests.sentinels import NAME, NO_DELAY, SentinelServer
from tests.servers import AOF, Engine, MakeServer, RedisServer, find_engine

NO_AOF = "it has no append-only file, so its end loses jobs: set appendonly yes"
EVICTS = "it evicts keys when its memory is full (allkeys-lru): set maxmemory-policy noeviction"
FORGETS = "a failover forgets what the replica had not got yet, whatever --durability fsync says: choose replica:1, or "
EVICTING = ("--maxmemory-policy", "allkeys-lru")
WEAK = {
    "no append-only file": ((), [NO_AOF]),
    "evicts": ((*AOF, *EVICTING), [EVICTS]),
    "both": (EVICTING, [NO_AOF, EVICTS]),
    "as it should be": (AOF, []),
}


def weaknesses_told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [text for record in caplog.records if "may lose jobs" in (text := record.getMessage())]


@pytest.mark.parametrize(("server_flags", "clauses"), WEAK.values(), ids=WEAK)
async def test_what_a_store_may_lose_is_a_warning_at_start(
    make_server: MakeServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    server_flags: tuple[str, ...],
    clauses: list[str],
) -> None:
    server = make_server(*server_flags)
    server.start()
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path)):
        pass
    expected = [f"Redis at 127.0.0.1:{server.port} may lose jobs: {clause}" for clause in clauses]
    assert weaknesses_told(caplog) == expected


async def test_a_strict_broker_does_not_start_on_it(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server()
    server.start()
    settings = Settings(port=0, redis=server.url, data_dir=tmp_path, strict_store=True)
    with pytest.raises(StoreForgetsError, match="set appendonly yes"):
        async with open_running(settings):
            pass
    assert not server.client().exists("{gearman}:beats"), "nobody is left to be taken for lost"


async def test_a_strict_broker_starts_on_one_that_forgets_nothing(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(*AOF)
    server.start()
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path, strict_store=True)):
        pass


async def test_a_user_who_may_not_ask_is_told_so(
    make_server: MakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(*AOF)
    server.start()
    server.client().execute_command("ACL", "SETUSER", "default", "-info")
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path)):
        pass
    (told,) = weaknesses_told(caplog)
    assert told.endswith("allow this user the command INFO")


def watched_master(engine: Engine, stack: ExitStack) -> str:
    """Sentinel: a master that syncs, and its replica. The URL of it."""
    master = RedisServer(engine, *AOF, *NO_DELAY)
    replica = RedisServer(engine, *NO_DELAY, "--replicaof", "127.0.0.1", str(master.port))
    sentinel = SentinelServer(engine, master.port)
    for server in (master, replica, sentinel):
        stack.callback(server.clean_up)
        server.start()
    wait_in_step([replica])
    return f"redis+sentinel://127.0.0.1:{sentinel.port}/{NAME}"


def small_cluster(engine: Engine, stack: ExitStack) -> str:
    """A cluster of one node that syncs, and its replica. The URL of it."""
    cluster = Cluster(engine, primaries=1, replicas=1, settings=AOF)
    stack.callback(cluster.clean_up)
    cluster.start()
    return cluster.url


@pytest.fixture(
    scope="module",
    params=[(place, engine) for place in (watched_master, small_cluster) for engine in ("redis", "valkey")],
    ids=lambda param: f"{param[0].__name__}, {param[1]}",
)
def failing_over(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Redis that syncs, and has a replica that takes its place when it is gone."""
    place, engine = request.param
    with ExitStack() as stack:
        yield place(find_engine(engine), stack)


async def test_a_failover_forgets_what_was_only_synced(
    failing_over: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings: dict[str, Any] = {"port": 0, "redis": failing_over, "data_dir": tmp_path, "durability": "fsync"}
    async with open_running(Settings(**settings)):
        pass
    (told,) = weaknesses_told(caplog)
    assert told.partition(" may lose jobs: ")[2].startswith(FORGETS)
    with pytest.raises(StoreForgetsError, match="a failover forgets"):
        async with open_running(Settings(**settings, strict_store=True)):
            pass


@pytest.mark.parametrize(
    "chosen",
    [
        {"durability": "replica:1"},
        {"durability": "fsync", "function_durability": ("mail=replica:1",)},
        {"durability": "memory"},
    ],
    ids=lambda fields: " ".join(map(str, fields.values())),
)
async def test_who_has_chosen_what_outlives_a_failover_need_not_be_told(
    failing_over: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, chosen: dict[str, Any]
) -> None:
    async with open_running(Settings(port=0, redis=failing_over, data_dir=tmp_path, strict_store=True, **chosen)):
        pass
    assert not weaknesses_told(caplog)


async def test_without_sentinels_nobody_puts_a_replica_in_the_place_of_a_server(
    make_server: MakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(*AOF, *NO_DELAY)
    server.start()
    replica = make_server(*NO_DELAY, "--replicaof", "127.0.0.1", str(server.port))
    replica.start()
    wait_in_step([server, replica])
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path, durability="fsync")):
        pass
    assert not weaknesses_told(caplog)
