"""The libraries that are run against the broker, and what each of them cannot do."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.programs import ROOT, missing, require_program

__all__ = ["LIBRARIES", "Library", "find"]

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
        tells_no_unique: its worker does not ask for the uniques of jobs.
        notices_late: its client, which has no thread and no loop of its own, notices that the server was restarted
            by failing at the next request; the one after that connects again.
    """

    client: tuple[str, ...]
    worker: tuple[str, ...]
    asks_no_exceptions: bool = False
    tells_no_unique: bool = False
    notices_late: bool = False


def _php() -> Library:
    require_program("php", "php-cli")
    loaded = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    if "gearman" not in loaded:
        missing("PHP has no gearman extension; Debian's package php-gearman has it")
    client, worker = (("php", str(HERE / "php" / name)) for name in ("client.php", "worker.php"))
    return Library(client, worker, notices_late=True)


def _perl() -> Library:
    found = subprocess.run(["perl", "-MGearman::Client", "-e", "1"], capture_output=True, check=False).returncode == 0
    if not found:
        missing("Perl has no Gearman::Client; Debian's package libgearman-client-perl has it")
    client, worker = (("perl", str(HERE / "perl" / name)) for name in ("client.pl", "worker.pl"))
    return Library(client, worker, tells_no_unique=True, notices_late=True)


def _c() -> Library:
    require_program("gcc", "gcc")
    folder = Path(mkdtemp(prefix="tg-c-"))
    for name in ("client", "worker"):
        compile_it = ["gcc", "-Wall", "-Wextra", "-o", str(folder / name), str(HERE / "c" / f"{name}.c"), "-lgearman"]
        compiled = subprocess.run(compile_it, capture_output=True, text=True, check=False)
        if compiled.returncode != 0:
            missing(f"libgearman cannot be compiled with; Debian's package libgearman-dev has it:\n{compiled.stderr}")
    return Library((str(folder / "client"),), (str(folder / "worker"),), notices_late=True)


def _python(name: str, *, asks_no_exceptions: bool = False, notices_late: bool = False) -> Library:
    found = [*INSTALLED.glob(f"python/{name}==*/.complete")]
    if not found:
        missing(INSTALL.format(f"PyPI's {name}"))
    path = ("env", f"PYTHONPATH={found[0].parent}", sys.executable)
    client, worker = ((*path, str(HERE / "python" / f"{name}_{end}.py")) for end in ("client", "worker"))
    return Library(client, worker, asks_no_exceptions=asks_no_exceptions, notices_late=notices_late)


def _node(name: str) -> Library:
    require_program("node", "nodejs")
    modules = INSTALLED / "node" / "node_modules"
    if not (modules / name).exists():
        missing(INSTALL.format(f"npm's {name}"))
    path = ("env", f"NODE_PATH={modules}", "node", "--no-warnings")
    client, worker = ((*path, str(HERE / "node" / f"{name}_{end}.js")) for end in ("client", "worker"))
    return Library(client, worker)


LIBRARIES: Final[dict[str, Callable[[], Library]]] = {
    "php": _php,
    "c": _c,
    "perl": _perl,
    "gear": lambda: _python("gear"),
    "pygearman": lambda: _python("pygearman", asks_no_exceptions=True, notices_late=True),
    "node-gearman": lambda: _node("gearman"),
    "gearmanode": lambda: _node("gearmanode"),
}
"""What finds each of them; the test is skipped where it is not installed, or fails where everything must be."""


@cache
def find(name: str) -> Library:
    """The library of this name, its programs compiled where they must be."""
    return LIBRARIES[name]()
