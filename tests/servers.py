"""Real Redis and Valkey servers, one process each, on a private port and a unix socket in a short folder.

Starting, killing and pausing is plain blocking code and returns when it has happened: a start, when the
server's log says that it accepts connections; a pause, when the kernel says that the process stands still.
"""

import os
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from persistence.valkey_binary import find_valkey_server
from tests.ports import private_port
from tests.programs import missing

READY = "eady to accept connections"
PATIENCE_SECONDS = 30.0

AOF = ("--appendonly", "yes", "--appendfsync", "always")
"""Settings of a server that forgets nothing it has answered."""


class ServerSilentError(Exception):
    """The server ended, or said nothing of the kind in time; the message is all that it said."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that speaks RESP3."""

    name: str
    binary: Path


def find_engine(name: str) -> Engine:
    """The engine "redis" or "valkey"; without Debian's redis-server the test is skipped, or fails in CI."""
    if name == "valkey":
        return Engine(name, find_valkey_server(platform.system(), platform.machine()))
    found = shutil.which("redis-server")
    if found is None:
        missing("redis-server is not installed; Debian's package redis-server has it")
    return Engine(name, Path(found or ""))


class Log:
    """What a server says, read by a thread as it is said, so that one can wait for a line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._ended = False
        self._changed = threading.Condition()

    def read(self, lines: Iterable[str]) -> None:
        """The thread: to the end of the process."""
        for line in lines:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait(self, text: str) -> None:
        """Return when a line contains `text`; ServerSilentError if that will not happen."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._said(text), PATIENCE_SECONDS)
            if not self._said(text):
                raise ServerSilentError("".join(self._lines))

    def _said(self, text: str) -> bool:
        return any(text in line for line in self._lines)


class RedisServer:
    """One server; restarted, it has the same addresses and folder, and with `AOF` the same data.

    Args:
        engine: which program.
        settings: more of the server's own options, as on its command line.
        password: what the default user must say; None: nothing.
    """

    def __init__(self, engine: Engine, *settings: str, password: str | None = None) -> None:
        self.engine = engine
        self.password = password
        self.settings = settings
        self.port = private_port()
        # Not pytest's folder: the path of a unix socket has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="tg-"))
        self.unix_path = self.folder / "socket"
        self.paused = False
        self._process: subprocess.Popen[str] | None = None
        self._log = Log()
        self._reader: threading.Thread | None = None
        self._client: redis.Redis | None = None

    @property
    def cluster(self) -> tuple[tuple[str, int], ...]:
        """It is none."""
        return ()

    @property
    def runs(self) -> bool:
        """Whether it was started, and not ended by us."""
        return self._process is not None

    @property
    def url(self) -> str:
        """The URL of its TCP port, password included."""
        return f"redis://{self._credentials}127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        """The URL of its unix socket, password included."""
        return f"unix://{self._credentials}{self.unix_path}"

    @property
    def _credentials(self) -> str:
        return "" if self.password is None else f":{self.password}@"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def start(self, until: str = READY) -> None:
        """Start it and return when its log says `until`: as a rule, that it accepts connections."""
        assert self._process is None, "it runs already"
        self._log = Log()
        pipe, joined, nothing = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL
        self._process = subprocess.Popen(self._command(), stdin=nothing, stdout=pipe, stderr=joined, text=True)
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._log.read, args=[self._process.stdout], daemon=True)
        self._reader.start()
        self._log.wait(until)

    def wait_for(self, text: str) -> None:
        """Return when it has said this since its start."""
        self._log.wait(text)

    def kill(self) -> None:
        """Kill -9: no goodbye, no flush; returns when it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it by TERM; returns when it is gone."""
        self._end(signal.SIGTERM)

    def wait(self) -> None:
        """Return when it has ended by itself."""
        self._running().wait(PATIENCE_SECONDS)
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: connections stay, the kernel even accepts more, nothing is answered."""
        self.paused = True
        self._running().send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """The end of `pause`."""
        self.paused = False
        self._running().send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """Break every connection but our own view."""
        for kind in ("normal", "pubsub"):
            self.client().client_kill_filter(_type=kind, skipme=True)

    def client(self) -> Any:
        """Our own view of it, through redis-py (a `redis.Redis`); blocking, so not while it is paused.

        Untyped, because redis-py's annotations cannot say that without `decode_responses` all is bytes.
        """
        if self._client is None:
            self._client = redis.Redis(unix_socket_path=str(self.unix_path), password=self.password)
        return self._client

    def clean_up(self) -> None:
        """Leave neither process nor files behind, whatever the test did."""
        if self._client is not None:
            self._client.close()
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder)

    def _command(self) -> list[str]:
        command = [str(self.engine.binary), "--dir", str(self.folder), "--save", ""]
        command += ["--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", str(self.unix_path)]
        if self.password is not None:
            command += ["--requirepass", self.password]
        return [*command, *self.settings]

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "it does not run"
        return self._process

    def _end(self, number: signal.Signals) -> None:
        process, self._process, self.paused = self._running(), None, False
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        process.wait(PATIENCE_SECONDS)
        assert self._reader is not None
        self._reader.join(PATIENCE_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


MakeServer = Callable[..., RedisServer]
"""Makes one that does not run yet, of settings as `RedisServer` takes them; it is cleaned up when the test is over."""
