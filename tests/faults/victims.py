"""Brokers in processes of their own that can be killed, each started in milliseconds from a warm fork server."""

import logging
import multiprocessing
import os
import signal
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
        self._log = data_dir / "log"
        self._hears, says = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=_live, args=(given | {"store_timeout": 20.0} | fields, says), daemon=True)
        self._process.start()
        says.close()

    async def address(self) -> tuple[str, int]:
        """Where it listens, once it does. Raises EOFError when it ends before."""
        with trio.fail_after(PATIENCE_SECONDS):
            address: tuple[str, int] = await trio.to_thread.run_sync(self._hears.recv, abandon_on_cancel=True)
        return address

    def log(self) -> str:
        """All that the brokers of this data directory have written to their log."""
        return self._log.read_text("utf-8")

    def pause(self) -> None:
        """SIGSTOP: connections stay, the kernel even accepts more; when this returns, it stands still."""
        pid = self._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        while Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "T":
            pass  # it is no child of ours, which alone could be waited for

    def resume(self) -> None:
        """The end of `pause`."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; when this returns, it is gone."""
        self._process.kill()
        self._process.join(PATIENCE_SECONDS)

    def stop(self) -> None:
        """SIGTERM, a clean stop; when this returns, it is gone, and ended well."""
        self._process.terminate()
        self._process.join(PATIENCE_SECONDS)
        assert self._process.exitcode == 0

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
    folder = Path(str(fields["data_dir"]))
    folder.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=folder / "log", format="%(levelname)s %(message)s", force=True)

    async def life() -> None:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            async with open_broker(Settings.model_validate(fields)) as broker:
                says.send(broker.addresses[0])
                await anext(signals)

    trio.run(life)
