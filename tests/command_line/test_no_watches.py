"""The system watches no more sockets: a start says so in a line, and who is up already goes on when there is room.

The table that is full then is one for all that a user runs, so no test fills it: its error is put in the system's
mouth, for a process of its own.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from broker.switchboard import IS_AVAILABLE
from tests.command_line.background import PATIENCE_SECONDS, ended
from tests.log_lines import wait_for_line
from tests.persistence.embedded_homes import lives, looker
from tests.ports import private_port
from tests.servers import RedisServer

WITHOUT_ROOM: Final = """
import errno, os, select, sys

Real, full, room = select.epoll, os.environ["FULL"], int(os.environ["ROOM"])

class Full:
    def __init__(self):
        self.real = Real()

    def register(self, *what):
        global room
        room -= 1
        if room < 0 and os.path.exists(full):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.real.register(*what)

    def __getattr__(self, name):
        return getattr(self.real, name)

select.epoll = Full
from broker.__main__ import main
sys.exit(main())
"""
"""A broker for which there is room for so many sockets and no more, as long as a file exists."""
HINT: Final = "fs.epoll.max_user_watches"
MOST: Final = 14
"""So many are watched before a broker serves, and some more."""

pytestmark = pytest.mark.skipif(not IS_AVAILABLE, reason="has no epoll")


class Starved:
    """The command line of a broker in a folder, and the file."""

    def __init__(self, folder: Path, *flags: str, room: int = 0) -> None:
        self.full, self.data_dir, self.log = folder / "full", folder / "data", folder / "log"
        self.port = private_port()
        where = (f"--port={self.port}", f"--data-dir={self.data_dir}", f"--log-file={self.log}")
        self.words = [sys.executable, "-c", WITHOUT_ROOM, *where, *flags]
        self.variables = {"FULL": str(self.full), "ROOM": str(room)}

    @contextmanager
    def started(self) -> Iterator[tuple[subprocess.Popen[bytes], bool]]:
        """The process, and whether it listens; it has ended, if it does not."""
        pipe = subprocess.PIPE
        environment = {**os.environ, **self.variables}
        with subprocess.Popen(self.words, stdout=pipe, stderr=pipe, env=environment) as process:
            assert process.stdout is not None
            try:
                yield process, process.stdout.readline() != b""
            finally:
                process.terminate()

    def answers(self) -> bool:
        """Whether it says that it is ready."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as peer:
                peer.sendall(b"ready\r\n")
                return peer.recv(100) == b"OK\r\n"
        except ConnectionResetError:
            return False


def test_a_start_on_its_own_store_says_so_in_a_line_and_leaves_no_store(folder: Path) -> None:
    starved = Starved(folder)
    starved.full.touch()
    done = ended(starved.words, **starved.variables)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert HINT in line
    assert not lives(starved.data_dir)


@pytest.mark.parametrize("room", range(MOST))
def test_wherever_a_start_has_no_more_room_it_says_so_or_goes_on_when_there_is_some(
    room: int, folder: Path, redis_server: RedisServer
) -> None:
    starved = Starved(folder, f"--redis=redis://127.0.0.1:{redis_server.port}?socket_connect_timeout=0.5", room=room)
    starved.full.touch()
    with starved.started() as (process, is_up):
        assert process.stderr is not None
        starved.full.unlink()
        if is_up:
            while not starved.answers():
                pass
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
        else:
            assert process.wait(PATIENCE_SECONDS) == 1
            (line,) = process.stderr.read().splitlines()
            assert HINT in line.decode()
    assert "defect" not in starved.log.read_text()


def test_a_broker_whose_redis_comes_back_goes_on_when_there_is_room(
    folder: Path, make_server: Callable[..., RedisServer]
) -> None:
    server = make_server()
    server.start()
    starved = Starved(folder, f"--redis={server.url}")
    with starved.started() as (process, _):
        assert starved.answers()
        starved.full.touch()
        server.kill()
        server.start()
        wait_for_line(starved.log, HINT)
        starved.full.unlink()
        wait_for_line(starved.log, "is back, after")
        assert starved.answers()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_store_of_its_own_is_started_again_when_there_is_room(folder: Path) -> None:
    starved = Starved(folder)
    with starved.started() as (process, _):
        assert starved.answers()
        starved.full.touch()
        os.kill(int((starved.data_dir / "store.pid").read_text()), signal.SIGKILL)
        wait_for_line(starved.log, "It cannot be started again yet: ")
        starved.full.unlink()
        wait_for_line(starved.log, "is back, after")
        assert starved.answers()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert HINT in starved.log.read_text()
    assert not lives(starved.data_dir)


def test_connections_to_a_store_of_its_own_that_are_cut_are_made_again_when_there_is_room(folder: Path) -> None:
    starved = Starved(folder)
    with starved.started() as (process, _):
        assert starved.answers()
        starved.full.touch()
        looker(starved.data_dir).client_kill_filter(_type="normal", skipme=True)
        looker(starved.data_dir).client_kill_filter(_type="pubsub", skipme=True)
        wait_for_line(starved.log, HINT)
        starved.full.unlink()
        wait_for_line(starved.log, "is back, after")
        assert starved.answers()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert "defect" not in starved.log.read_text()
    assert not lives(starved.data_dir)
