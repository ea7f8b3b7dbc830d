"""Brokers in processes of their own that can be killed, each started in milliseconds from a warm fork server."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import trio

from broker.app import open_broker
from broker.settings import Settings
from tests.servers import PATIENCE_SECONDS

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.victims"])


class Victim:
    """One broker; its store is at `redis`, its identity in `data_dir`."""

    def __init__(self, redis: str, prefix: str, data_dir: Path, **fields: object) -> None:
        given = {"port": 0, "redis": redis, "redis_prefix": prefix, "data_dir": data_dir, "presence_ttl": 60.0}
        self._hears, says = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=_live, args=(given | {"store_timeout": 20.0} | fields, says), daemon=True)
        self._process.start()
        says.close()

    async def address(self) -> tuple[str, int]:
        """Where it listens, once it does. Raises EOFError when it ends before."""
        with trio.fail_after(PATIENCE_SECONDS):
            address: tuple[str, int] = await trio.to_thread.run_sync(self._hears.recv, abandon_on_cancel=True)
        return address

    def kill(self) -> None:
        """SIGKILL; when this returns, it is gone."""
        self._process.kill()
        self._process.join(PATIENCE_SECONDS)

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self._process.close()
        self._hears.close()


@contextmanager
def victims() -> Iterator[Callable[..., Victim]]:
    """Starts brokers (the arguments are `Victim`'s); all are gone after the block."""
    started: list[Victim] = []

    def start(redis: str, prefix: str, data_dir: Path, **fields: object) -> Victim:
        started.append(Victim(redis, prefix, data_dir, **fields))
        return started[-1]

    try:
        yield start
    finally:
        for victim in started:
            victim.close()


def _live(fields: dict[str, object], says: Connection) -> None:
    async def life() -> None:
        async with open_broker(Settings.model_validate(fields)) as broker:
            says.send(broker.addresses[0])
            await trio.sleep_forever()

    trio.run(life)
