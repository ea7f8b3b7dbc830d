"""Data directories for tests of the embedded store, and brokers in processes of their own that use them."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
import trio
from redis.backoff import NoBackoff
from redis.retry import Retry

from persistence.data_directory import DataDirectory
from persistence.filelock import FileLock
from persistence.waiting import wait_alone
from tests.programs import Program, open_program

PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def store_home() -> AsyncIterator[Path]:
    """A new directory with a short path, which unix sockets need; at the end it is gone, and its server too."""
    path = Path(tempfile.mkdtemp(prefix="tg-", dir="/tmp"))
    try:
        yield path
    finally:
        with trio.CancelScope(shield=True):
            await kill_store(path)
        shutil.rmtree(path)


async def kill_store(directory: Path) -> None:
    """SIGKILL for the server of this directory, if one lives; returns when it is gone."""
    home = DataDirectory(directory)
    if not home.alive.exists():
        return
    with FileLock(home.alive) as alive:
        if not alive.try_exclusive():
            os.kill(int(home.pid.read_text()), signal.SIGKILL)
        with trio.fail_after(PATIENCE_SECONDS):
            await wait_alone(alive)


async def gone(directory: Path) -> None:
    """Returns when no server lives in the directory."""
    with FileLock(DataDirectory(directory).alive) as alive, trio.fail_after(PATIENCE_SECONDS):
        await wait_alone(alive)


def lives(directory: Path) -> bool:
    """Whether a server lives in the directory."""
    with FileLock(DataDirectory(directory).alive) as alive:
        return not alive.try_exclusive()


def looker(directory: Path) -> redis.Redis:
    """A plain client, for looking into the store. It tries nothing twice."""
    return redis.Redis(unix_socket_path=str(DataDirectory(directory).socket), retry=Retry(NoBackoff(), 0))


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker in a process of its own that has joined."""

    program: Program
    store_pid: int
    pid: int

    async def kill9(self) -> None:
        """SIGKILL, for the broker alone."""
        await self.program.aclose()

    async def leave(self) -> None:
        """A clean end."""
        await self.program.say("leave")
        assert await self.program.wait() == 0


@asynccontextmanager
async def broker_on(directory: Path) -> AsyncIterator[Broker]:
    """A broker that uses the store of a directory; killed at the end of the block if it still runs."""
    async with broker_program(directory) as program:
        yield await joined(program)


@asynccontextmanager
async def broker_program(directory: Path, *more: str) -> AsyncIterator[Program]:
    """A broker that has just been started."""
    module = "tests.persistence.embedded_broker"
    async with open_program(sys.executable, "-m", module, directory, *more) as program:
        yield program


async def joined(program: Program) -> Broker:
    """Waits until a broker has joined."""
    _, store_pid, pid = (await program.wait_line("up ")).split()
    return Broker(program, int(store_pid), int(pid))
