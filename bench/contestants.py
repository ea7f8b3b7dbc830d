"""The servers that are measured, each in a process of its own, with a store of its own where it has one."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from tests.servers import RedisServer, find_engine

BROKER: Final = "broker"
TWO_PROCESSES: Final = "broker --processes 2"
GEARMAND_REDIS: Final = "gearmand-redis"
GEARMAND_MEMORY: Final = "gearmand"
GEAR: Final = "gear"
BARE: Final = "bare"
ALL: Final = (BROKER, GEARMAND_REDIS, GEARMAND_MEMORY, GEAR)
WITH_BARE: Final = (*ALL, BARE)
"""Where what `bench.bare` can do is all that is asked."""

EVERYSEC: Final = "everysec"
ALWAYS: Final = "always"


class NotHereError(Exception):
    """This server cannot be started here; the message says what it takes."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs, and its store."""

    address: tuple[str, int]
    pid: int
    redis: RedisServer | None
    """None: it keeps its jobs in its own memory."""

    @property
    def pids(self) -> list[int]:
        """The processes whose time counts as the server's."""
        return [self.pid] if self.redis is None else [self.pid, self.redis.pid]


class GearmandOnRedis(GearmandProcess):
    """gearmand with its Redis plugin."""

    def __init__(self, directory: Path, redis_port: int) -> None:
        super().__init__(directory)
        self._redis_port = redis_port

    def command(self) -> list[str]:
        """The words that start it."""
        queue = ["-q", "redis", "--redis-server", "127.0.0.1", "--redis-port", str(self._redis_port)]
        return [*super().command(), *queue]


class GearServer(ServerProcess):
    """The server of PyPI's gear; by itself it would log each packet."""

    def command(self) -> list[str]:
        """The words that start it."""
        program = (
            "import gear, logging, signal; logging.basicConfig(level=logging.WARNING);"
            f"gear.Server({self.port}, host={self.host!r}); signal.pause()"
        )
        return [sys.executable, "-c", program]


class BareServer(ServerProcess):
    """The least there can be; see `bench.bare`."""

    def __init__(self, directory: Path, redis_port: int) -> None:
        super().__init__(directory)
        self._redis_port = redis_port

    def command(self) -> list[str]:
        """The words that start it."""
        return [sys.executable, "-m", "bench.bare", str(self.port), str(self._redis_port)]


@contextmanager
def open_redis(durability: str = EVERYSEC) -> Iterator[RedisServer]:
    """A Redis of its own that keeps a log; Valkey, where Redis is not installed."""
    engine = find_engine("redis" if shutil.which("redis-server") else "valkey")
    server = RedisServer(engine, "--appendonly", "yes", "--appendfsync", durability)
    server.start()
    try:
        yield server
    finally:
        server.clean_up()


Start = Callable[[ExitStack, Path, str], Running]


def ours(*flags: str) -> Start:
    """Our broker with more flags."""

    def start(stack: ExitStack, directory: Path, durability: str) -> Running:
        redis = stack.enter_context(open_redis(durability))
        where = ("--redis", f"redis://127.0.0.1:{redis.port}")
        broker = stack.enter_context(BrokerProcess(directory / "data", *where, *flags))
        return Running((broker.host, broker.port), broker.pid, redis)

    return start


def _gearmand_redis(stack: ExitStack, directory: Path, durability: str) -> Running:
    redis = stack.enter_context(open_redis(durability))
    server = stack.enter_context(GearmandOnRedis(directory, redis.port))
    return Running((server.host, server.port), server.pid, redis)


def _gearmand(stack: ExitStack, directory: Path, _: str) -> Running:
    server = stack.enter_context(GearmandProcess(directory))
    return Running((server.host, server.port), server.pid, None)


def _gear(stack: ExitStack, directory: Path, _: str) -> Running:
    server = stack.enter_context(GearServer(directory))
    return Running((server.host, server.port), server.pid, None)


def _bare(stack: ExitStack, directory: Path, durability: str) -> Running:
    redis = stack.enter_context(open_redis(durability))
    server = stack.enter_context(BareServer(directory, redis.port))
    return Running((server.host, server.port), server.pid, redis)


_STARTS: Final[Mapping[str, Start]] = {
    BROKER: ours(),
    TWO_PROCESSES: ours("--processes", "2"),
    GEARMAND_REDIS: _gearmand_redis,
    GEARMAND_MEMORY: _gearmand,
    GEAR: _gear,
    BARE: _bare,
}


def start(name: str, stack: ExitStack, directory: Path, durability: str) -> Running:
    """A new server with an empty queue, which ends with the stack.

    Raises:
        NotHereError: it is not installed.
        tests.processes.ServerDidNotStartError: it did not start.
    """
    if name.startswith(GEARMAND_MEMORY) and not os.access(GEARMAND, os.X_OK):
        raise NotHereError("gearmand is not installed; Debian's package gearman-job-server has it")
    if name == GEAR and importlib.util.find_spec("gear") is None:
        raise NotHereError("gear is not installed; pip install gear, or the extra `bench`")
    return _STARTS[name](stack, directory, durability)
