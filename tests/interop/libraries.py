"""The libraries that are run against the broker, and what each of them cannot do."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.programs import ROOT, missing, require_program

__all__ = ["HERE", "LIBRARIES", "Library", "compiled", "find"]

HERE: Final = Path(__file__).parent
INSTALLED: Final = ROOT / ".interop"
INSTALL: Final = "{} is not installed; run tests/interop/install"


@dataclass(frozen=True, slots=True)
class Library:
    """A library with a client and a worker.

    Attributes:
        client: the words that start tests/interop/.../client, without host and port.
        worker: the words that start the worker.
        asks_no_exceptions: its client does not ask for exceptions, so that a job that raises has failed, and no more.
        slow_to_return: its worker takes ten seconds and more to connect again when it has once found nobody.
        stuck_when_refused: its client logs a refusal of the server, and goes on waiting for what was refused.
        tells_no_unique: its worker does not ask for the uniques of jobs.
        notices_late: its client, which has no thread and no loop of its own, notices that the server was restarted
            by failing at the next request; the one after that connects again.
    """

    client: tuple[str, ...]
    worker: tuple[str, ...]
    asks_no_exceptions: bool = False
    tells_no_unique: bool = False
    notices_late: bool = False
    slow_to_return: bool = False
    stuck_when_refused: bool = False


def _php() -> Library:
    require_program("php", "php-cli")
    loaded = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    if "gearman" not in loaded:
        missing("PHP has no gearman extension; Debian's package php-gearman has it")
    client, worker = (("php", str(HERE / "php" / name)) for name in ("client.php", "worker.php"))
    return Library(client, worker, notices_late=True)


def _perl() -> Library:
    require_program("perl", "perl")
    found = subprocess.run(["perl", "-MGearman::Client", "-e", "1"], capture_output=True, check=False).returncode == 0
    if not found:
        missing("Perl has no Gearman::Client; Debian's package libgearman-client-perl has it")
    client, worker = (("perl", str(HERE / "perl" / name)) for name in ("client.pl", "worker.pl"))
    return Library(client, worker, tells_no_unique=True, notices_late=True, slow_to_return=True)


def _c() -> Library:
    return Library((compiled("client"),), (compiled("worker"),), notices_late=True)


def _python(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = [*INSTALLED.glob(f"python/{name}==*/.complete")]
    if not found:
        missing(INSTALL.format(f"PyPI's {name}"))
    path = ("env", f"PYTHONPATH={found[0].parent}", sys.executable)
    client, worker = ((*path, str(HERE / "python" / f"{name}_{end}.py")) for end in ("client", "worker"))
    return client, worker


def _node(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    require_program("node", "nodejs")
    modules = INSTALLED / "node" / "node_modules"
    if not (modules / name).exists():
        missing(INSTALL.format(f"npm's {name}"))
    path = ("env", f"NODE_PATH={modules}", "node", "--no-warnings")
    client, worker = ((*path, str(HERE / "node" / f"{name}_{end}.js")) for end in ("client", "worker"))
    return client, worker


@cache
def compiled(name: str) -> str:
    """The program that one of our files in C makes, compiled with libgearman."""
    require_program("gcc", "gcc")
    program = INSTALLED / "c" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(HERE / "c" / f"{name}.c"), "-lgearman"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        missing(f"what uses libgearman cannot be compiled; Debian's package libgearman-dev has it:\n{ended.stderr}")
    return str(program)


LIBRARIES: Final[dict[str, Callable[[], Library]]] = {
    "php": _php,
    "c": _c,
    "perl": _perl,
    "gear": lambda: Library(*_python("gear")),
    "pygearman": lambda: Library(
        *_python("pygearman"), asks_no_exceptions=True, notices_late=True, stuck_when_refused=True
    ),
    "node-gearman": lambda: Library(*_node("gearman")),
    "gearmanode": lambda: Library(*_node("gearmanode"), stuck_when_refused=True),
}
"""What finds each of them; the test is skipped where it is not installed, or fails where everything must be."""


@cache
def find(name: str) -> Library:
    """The library of this name, its programs compiled where they must be."""
    return LIBRARIES[name]()
