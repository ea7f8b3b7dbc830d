"""Servers as real processes on private ports of the loopback interface: our broker, and Debian's gearmand.

Starting and stopping is plain blocking code, so that fixtures of any scope and tests of any kind can use it.
A test whose own tasks must go on meanwhile calls it through `trio.to_thread.run_sync`.
"""

import os
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from tests.ports import private_port

GEARMAND = "/usr/sbin/gearmand"  # not on every PATH
START_SECONDS = 30.0  # generous: the machine may be busy, and a broker may have to start its store first
STOP_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.01


class ServerDidNotStartError(Exception):
    """The server ended, or accepted nobody in time; the message is all it wrote."""


class ServerProcess(ABC):
    """One server on one port, to be started, killed and started again; a `with` leaves nothing behind.

    Args:
        directory: where its log file goes; made if it is missing.
        port: where it listens on 127.0.0.1; None picks a free one, kept over restarts.
    """

    def __init__(self, directory: Path, port: int | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.host = "127.0.0.1"
        self.port = private_port() if port is None else port
        self.log = directory / f"{type(self).__name__}-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clean_up()

    @abstractmethod
    def command(self) -> list[str]:
        """The words that start this server."""

    @property
    def address(self) -> str:
        """What a client or worker of ours is given to find it."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def output(self) -> str:
        """All it wrote to stdout and stderr since it was first started."""
        return self.log.read_text(errors="replace")

    def start(self) -> None:
        """Starts it and returns when it accepts connections.

        Raises:
            ServerDidNotStartError: it ended, or accepted nobody within START_SECONDS.
        """
        assert self._process is None, "it runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not self._accepts(self._process):
            self._process.kill()
            self._process.wait()
            self._process = None
            raise ServerDidNotStartError(self.output())

    def kill9(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM, and waits for the end; returns the exit status."""
        return self._end(signal.SIGTERM)

    def pause(self) -> None:
        """SIGSTOP: connections stay, nothing is answered; when this returns, it stands still."""
        process = self._running()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """The end of `pause`."""
        self._running().send_signal(signal.SIGCONT)

    def send(self, number: signal.Signals) -> None:
        """A signal, without waiting for what it leads to."""
        self._running().send_signal(number)

    def wait(self) -> int:
        """Waits for an end that something else has brought about; returns the exit status."""
        status = self._running().wait(STOP_SECONDS)
        self._process = None
        return status

    def clean_up(self) -> None:
        """Stops it if it runs, whatever the test did to it."""
        if self._process is not None:
            self.terminate()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it does not run"
        return self._process

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._running(), None
        process.send_signal(signal.SIGCONT)  # a paused process hears nothing but SIGKILL
        process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def _accepts(self, process: subprocess.Popen[bytes]) -> bool:
        for _ in range(int(START_SECONDS / LOOK_AGAIN_SECONDS)):
            try:
                socket.create_connection((self.host, self.port), START_SECONDS).close()
            except ConnectionRefusedError:
                try:
                    process.wait(LOOK_AGAIN_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
                return False
            return True
        return False


class BrokerProcess(ServerProcess):
    """Our broker, by `python -m broker`, on the embedded store of a data directory.

    Args:
        data_dir: the broker's --data-dir; keep its path short, a unix socket lives in it.
        flags: more words for the command line.
        port: as for every server.
    """

    def __init__(self, data_dir: Path, *flags: str, port: int | None = None) -> None:
        super().__init__(data_dir.parent, port)
        self.data_dir = data_dir
        self.flags = flags
        self._left_dirty = False

    def command(self) -> list[str]:
        """The words that start it."""
        where = ["--port", str(self.port), "--listen", self.host]
        files = ["--data-dir", str(self.data_dir), "--pid-file", str(self.log.with_suffix(".pid"))]
        return [sys.executable, "-m", "broker", *where, *files, *self.flags]

    def kill9(self) -> None:
        """SIGKILL of the broker alone: the embedded store lives on, as it would on a user's machine."""
        super().kill9()
        self._left_dirty = True

    def terminate(self) -> int:
        """SIGTERM, and waits for the end; the last broker of a data directory takes the store with it."""
        status = super().terminate()
        self._left_dirty = False
        return status

    def clean_up(self) -> None:
        """Stops the broker and its store, also the store of one that was killed."""
        if self._process is None and self._left_dirty:
            self.start()  # only a broker's clean stop ends its store
        super().clean_up()


class GearmandProcess(ServerProcess):
    """Debian's gearmand, its queue in memory: the original that our expectations are held against."""

    def command(self) -> list[str]:
        """The words that start it."""
        where = ["--port", str(self.port), "--listen", self.host, "--log-file", "stderr"]
        files = ["--pid-file", str(self.log.with_suffix(".pid")), "--config-file", os.devnull]
        return [GEARMAND, *where, *files]
