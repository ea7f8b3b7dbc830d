"""The broker and the workers of the demo, as processes that can be killed."""

import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

START_SECONDS = 30.0
STOP_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.02


class BrokerDidNotStartError(Exception):
    """The broker ended instead of listening; the message is what it wrote."""


class Broker:
    """`python -m broker` with its embedded store in a directory. Made by `open_broker_process`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = _free_port()
        self._process: trio.Process | None = None
        self._is_up = False
        self.address = f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Returns when it listens.

        Raises:
            BrokerDidNotStartError: it ended.
            trio.TooSlowError: START_SECONDS passed.
        """
        where = [
            "--listen",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--data-dir",
            str(self._directory / "data"),
        ]
        log = self._directory / "broker.log"
        with log.open("ab") as output:
            process = await _open([sys.executable, "-m", "broker", *where], output.fileno())
        self._process, self._is_up = process, False
        with trio.fail_after(START_SECONDS):
            while not await self._listens():
                if process.poll() is not None:
                    raise BrokerDidNotStartError(log.read_text(errors="replace"))
                await trio.sleep(LOOK_AGAIN_SECONDS)
        self._is_up = True

    async def kill(self) -> None:
        """Kills it with SIGKILL: no goodbye, no flush."""
        assert self._process is not None
        process, self._process = self._process, None
        process.kill()
        await process.wait()

    async def aclose(self) -> None:
        """Stops it cleanly, and its store with it, also the store that a killed one left behind."""
        with trio.move_on_after(START_SECONDS + STOP_SECONDS, shield=True):
            if self._process is not None and not self._is_up:
                await self.kill()  # broken off while it started: it may not know of the store yet
            if self._process is None:
                await self.start()
            assert self._process is not None
            self._process.terminate()
            await self._process.wait()

    async def _listens(self) -> bool:
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", self._port)
        except OSError:
            return False
        await stream.aclose()
        return True


@asynccontextmanager
async def open_broker_process(directory: Path) -> AsyncIterator[Broker]:
    """A broker for the length of the block, on a free port, its data and its log in the directory."""
    broker = Broker(directory)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.aclose()


@asynccontextmanager
async def open_worker_process(server: str, ledger: Path, hang_at: int = 0) -> AsyncIterator[trio.Process]:
    """A mail worker for the length of the block; killed at its end."""
    command = [sys.executable, "-m", "examples.demo.mail_worker", server, str(ledger), str(hang_at)]
    with ledger.with_name("worker.log").open("ab") as output:
        process = await _open(command, output.fileno())
    try:
        yield process
    finally:
        process.kill()
        with trio.move_on_after(STOP_SECONDS, shield=True):
            await process.wait()


async def _open(command: list[str], output: int) -> trio.Process:
    return await trio.lowlevel.open_process(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)


def _free_port() -> int:
    """A port below those that systems hand out to clients: nobody takes it while the broker is dead."""
    for port in random.sample(range(20_000, 32_000), 1000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                continue
            return port
    raise SystemExit("the demo needs a free TCP port of 127.0.0.1 between 20000 and 31999, and finds none")
