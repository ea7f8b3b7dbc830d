"""A user who may have no more processes and threads: what needs one says so in a line, and the rest goes on."""

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from persistence.valkey_binary import find_valkey_server
from tests.command_line.background import PATIENCE_SECONDS, ended
from tests.log_lines import wait_for_line
from tests.persistence.embedded_homes import lives
from tests.ports import private_port
from tests.programs import missing
from tests.servers import RedisServer

LIMITED: Final = """
import codecs, os, resource, sys
import broker.start, broker.process, broker.app, broker.user, persistence.redis_url
from broker.__main__ import main

for codec in broker.user.CODECS:
    codecs.lookup(codec)
tasks, user = int(os.environ["TASKS"]), int(os.environ["AS"])
resource.setrlimit(resource.RLIMIT_NPROC, (tasks, tasks))
os.setgid(user)
os.setuid(user)
sys.exit(main())
"""
"""The Python that runs the tests may lie where others may not read, so it is left before the command line is."""
MANY: Final = 100
HINT: Final = "ulimit -u"


@pytest.fixture
def user(folder: Path) -> int:
    """The number of a user that nobody else is, in whose reach the folder is."""
    if os.geteuid() != 0:
        missing("only root may become another user; run this test as root")
    number = 100_000 + private_port()
    binary = find_valkey_server(platform.system(), platform.machine())
    try:
        subprocess.run([binary, "--version"], user=number, check=True, capture_output=True)
    except (PermissionError, subprocess.CalledProcessError):
        missing(f"other users may not run {binary}; check out where they may read")
    os.chown(folder, number, number)
    return number


def words(folder: Path, *more: str) -> list[str]:
    """The command line of a broker for which the limit holds."""
    where = (f"--port={private_port()}", f"--data-dir={folder}/data", f"--log-file={folder}/log")
    return [sys.executable, "-c", LIMITED, *where, *more]


@pytest.mark.parametrize("tasks", range(1, 6))
def test_a_start_that_needs_more_says_so_in_a_line(tasks: int, user: int, folder: Path) -> None:
    done = ended(words(folder), TASKS=str(tasks), AS=str(user))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("trio-gearman: ")
    assert HINT in line
    assert not lives(folder / "data")


@pytest.mark.parametrize(
    "flags", [("--redis=redis://localhost:1",), ("--redis=redis://127.0.0.1:1", "--listen=localhost")]
)
def test_a_name_that_nobody_may_be_asked_about_is_told(flags: tuple[str, ...], user: int, folder: Path) -> None:
    done = ended(words(folder, *flags), TASKS="1", AS=str(user))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert HINT in line


@contextmanager
def started(command: list[str], tasks: int, user: int) -> Iterator[int]:
    """A broker that listens; what it is told to end with must be its end."""
    environment = {**os.environ, "TASKS": str(tasks), "AS": str(user)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Listening on")
        try:
            yield process.pid
        finally:
            process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_broker_on_a_redis_can_do_without(user: int, folder: Path, make_server: Callable[..., RedisServer]) -> None:
    server = make_server()
    server.start()
    with started(words(folder, f"--redis=redis://127.0.0.1:{server.port}"), 1, user):
        pass
    assert "identity" not in (folder / "log").read_text()


def allow(tasks: int, pid: int, user: int) -> None:
    """Let a process have so many from now on; who is that user may say so."""
    limit = ["prlimit", f"--nproc={tasks}:{MANY}", f"--pid={pid}"]
    subprocess.run(limit, user=user, group=user, extra_groups=(), check=True)


def test_a_store_that_cannot_be_started_again_is_when_more_are_allowed(user: int, folder: Path) -> None:
    with started(words(folder), MANY, user) as pid:
        allow(1, pid, user)
        os.kill(int((folder / "data" / "store.pid").read_text()), signal.SIGKILL)
        wait_for_line(folder / "log", "It cannot be started again yet: ")
        assert HINT in (folder / "log").read_text().partition("started again yet: ")[2]
        allow(MANY, pid, user)
        wait_for_line(folder / "log", "It serves again, as process")
    assert not lives(folder / "data")
