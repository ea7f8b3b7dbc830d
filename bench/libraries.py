"""How many jobs a second do client and worker of each library manage at one broker?

usage: python -m bench.libraries [--seconds S] [--payload BYTES] [--runs N]

Ours, `gear` and `pygearman` of PyPI and libgearman's command `gearman` take turns at one broker of ours on a Redis that
syncs once a second. What is not installed is named and left out.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from bench.contestants import open_redis
from tests.interop.libraries import INSTALLED
from tests.processes import BrokerProcess
from tests.programs import ROOT

PROGRAMS: Final = ROOT / "bench" / "programs"
PATIENCE_SECONDS: Final = 300.0
FEW_JOBS: Final = 100
WORKER_FOR_OTHERS: Final = "ours, one at a time"
"""Does the jobs of a library that has no worker."""


class Task(NamedTuple):
    """What a program is told."""

    verb: str
    host: str
    port: int
    function: str
    jobs: int
    payload_bytes: int

    def words(self) -> list[str]:
        """As the programs of `bench.programs` want it."""
        return [str(word) for word in self]


class Library(NamedTuple):
    """One that takes part.

    Attributes:
        version: of it.
        start: starts a program of it that does a task.
        seconds: how long that took, once the program has ended.
        works: it has a worker.
    """

    version: str
    start: Callable[[Task], subprocess.Popen[str]]
    seconds: Callable[[str, float], float]
    works: bool = True


class Rates(NamedTuple):
    """Jobs a second in one turn."""

    queued: float
    run: float
    called: float


def start_python(words: Sequence[str | Path], task: Task) -> subprocess.Popen[str]:
    """A program of `bench.programs`."""
    command = [str(word) for word in words] + task.words()
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def start_command(task: Task) -> subprocess.Popen[str]:
    """The command of libgearman: one job for each line, and a worker that gives back what it gets."""
    where = ["gearman", "-h", task.host, "-p", str(task.port), "-f", task.function]
    if task.verb == "run":
        return subprocess.Popen([*where, "-w", "-c", str(task.jobs)], stdout=subprocess.DEVNULL, text=True)
    with tempfile.TemporaryFile() as lines:
        lines.write((b"x" * task.payload_bytes + b"\n") * task.jobs)
        lines.seek(0)
        words = [*where, "-N", *(["-b"] if task.verb == "queue" else [])]
        return subprocess.Popen(words, stdin=lines, stdout=subprocess.DEVNULL, text=True)


def as_it_said(said: str, lifetime: float) -> float:
    """Python takes long to start, so its programs hold the watch."""
    return float(said)


def as_it_lived(said: str, lifetime: float) -> float:
    """A program in C starts in no time."""
    return lifetime


def libraries() -> tuple[Mapping[str, Library], list[str]]:
    """Those that take part, by name, and a line for each that does not."""
    ours = version("trio-gearman")

    def mode(name: str, *, works: bool = True) -> Library:
        words = [sys.executable, "-m", "bench.programs.ours", name]
        return Library(ours, partial(start_python, words), as_it_said, works)

    found = {
        "ours, many at a time": mode("many"),
        WORKER_FOR_OTHERS: mode("one"),
        "ours, client.blocking": mode("blocking", works=False),
    }
    missing = []
    for name in ("gear", "pygearman"):
        installed = [*INSTALLED.glob(f"python/{name}==*/.complete")]
        if installed:
            folder = installed[0].parent
            words: list[str | Path] = [*("env", f"PYTHONPATH={folder}", sys.executable), PROGRAMS / f"with_{name}.py"]
            found[name] = Library(folder.name.partition("==")[2], partial(start_python, words), as_it_said)
        else:
            missing.append(f"{name} is not installed; run tests/interop/install")
    if shutil.which("gearman"):
        found["gearman, of libgearman"] = Library(version_of_libgearman(), start_command, as_it_lived)
    else:
        missing.append("gearman is not installed; Debian's package gearman-tools has it")
    return found, missing


def version_of_libgearman() -> str:
    """As Debian tells it; the command does not."""
    query = ["dpkg-query", "--show", "--showformat", "${Version}", "gearman-tools"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.partition("+")[0]
    except (OSError, subprocess.CalledProcessError):
        return "?"


def rate(library: Library, task: Task, *, beside: Callable[[], subprocess.Popen[str]] | None = None) -> float:
    """Jobs a second of one program, with the worker that it needs beside it."""
    worker = beside() if beside is not None else None
    began = time.perf_counter()
    said, _ = (program := library.start(task)).communicate(timeout=PATIENCE_SECONDS)
    lifetime = time.perf_counter() - began
    if worker is not None:
        worker.communicate(timeout=PATIENCE_SECONDS)
    if program.returncode != 0:
        raise SystemExit(f"{task} ended with status {program.returncode}")
    return task.jobs / library.seconds(said, lifetime)


class Turns:
    """What each library has done so far, at one broker."""

    def __init__(self, found: Mapping[str, Library], broker: BrokerProcess, payload_bytes: int) -> None:
        self._found = found
        self._broker = broker
        self._payload_bytes = payload_bytes
        self._functions = 0
        self.taken: dict[str, list[Rates]] = {name: [] for name in found}

    def pace(self, name: str, seconds: float) -> Rates:
        """How many jobs of each kind it manages in so many seconds, by a short try."""
        few = self._take(name, Rates(FEW_JOBS, FEW_JOBS, FEW_JOBS))
        return Rates(*(max(FEW_JOBS, rate * seconds) for rate in few))

    def take(self, name: str, jobs: Rates) -> None:
        """One more."""
        self.taken[name].append(self._take(name, jobs))

    def _take(self, name: str, jobs: Rates) -> Rates:
        """Queues jobs, runs so many of them, and calls; each on a function of its own, for some may be left."""
        library = self._found[name]
        worker = library if library.works else self._found[WORKER_FOR_OTHERS]
        self._functions += 1
        function = f"bench-{self._functions}"
        queue = self._task("queue", function, max(jobs.queued, jobs.run))
        call = self._task("call", f"{function}-call", jobs.called)
        return Rates(
            rate(library, queue),
            rate(worker, self._task("run", function, jobs.run)),
            rate(library, call, beside=lambda: worker.start(call._replace(verb="run"))),
        )

    def _task(self, verb: str, function: str, jobs: float) -> Task:
        return Task(verb, self._broker.host, self._broker.port, function, int(jobs), self._payload_bytes)


def table(turns: Mapping[str, Sequence[Rates]], found: Mapping[str, Library]) -> str:
    """Medians."""
    lines = [f"{'':<24} {'version':>8} {'queued/s':>9} {'run/s':>9} {'calls/s':>9}"]
    for name, taken in turns.items():
        middle = Rates(*map(statistics.median, zip(*taken, strict=True)))
        run = f"{middle.run:>9,.0f}" if found[name].works else f"{'-':>9}"
        lines.append(f"{name:<24} {found[name].version:>8} {middle.queued:>9,.0f} {run} {middle.called:>9,.0f}")
    return "\n".join(lines)


def main() -> None:
    """Reads the flags, lets the libraries take turns, prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.libraries", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each part of a turn (default %(default)s)")
    parser.add_argument("--payload", type=int, default=200, help="bytes in a payload (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="turns of each library (default %(default)s)")
    given = parser.parse_args()
    found, missing = libraries()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = stack.enter_context(open_redis())
        broker = stack.enter_context(BrokerProcess(directory / "data", "--redis", f"redis://127.0.0.1:{redis.port}"))
        turns = Turns(found, broker, given.payload)
        names = list(found)
        paces = {name: turns.pace(name, given.seconds) for name in names}
        for round_number in range(given.runs):
            start = round_number % len(names)
            for name in names[start:] + names[:start]:
                turns.take(name, paces[name])
    print(f"jobs of {given.payload} bytes, medians of {given.runs} turns, at one broker")
    print(table(turns.taken, found))
    for line in missing:
        print(line)


if __name__ == "__main__":
    main()
