"""A load: what is asked of a server at once, shared out among processes, and what these saw.

The processes (`bench.part`) agree on nothing but a start and a few numbers in a shared file, so that they take little
from the servers they measure. Each tells what it used of a processor: near one whole, it is the load that was measured.
"""

import mmap
import os
import pickle
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
NUMBERS: Final = 3
"""Of each part in the shared file: jobs submitted, jobs done, and 1 when it submits no more."""


class LoadError(Exception):
    """A part of the load ended before its time; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a server. Clients, workers, rate and jobs are shared out among the processes."""

    clients: int = 0
    workers: int = 0
    window: int = 1
    """Submits of one client that may be unanswered; foreground: jobs that may be unfinished."""
    background: bool = True
    seconds: float = 5.0
    """How long jobs are submitted."""
    jobs: int = 1_000_000_000
    """At most so many are submitted."""
    rate: float = 0.0
    """So many a second, come what may: latency counts from when each was due. 0: as fast as windows allow."""
    most_queued: int = 1_000_000_000
    """Submits wait while so many background jobs are queued."""
    queued_before: int = 0
    """Jobs that are in the queue at the start."""
    drains: bool = True
    """Whether what is left is run in the end."""
    sleepers: int = 0
    """Instead of all else: workers that sleep as long as the other loads last."""
    statuses: int = 0
    """WORK_STATUS that a worker sends for each job."""
    echoes: bool = False
    """Whether a result is as large as the payload."""
    payload_bytes: int = 200
    unique: bool = True
    """Whether jobs have uniques, each its own, as libgearman gives them."""
    tls: bool = False
    function: bytes = b"bench"
    processes: int = 2


@dataclass(slots=True)
class Figures:
    """What one process saw. Instants and durations are nanoseconds of the clock that all processes share."""

    jobs: int = 0
    """Jobs done, as far as this process knows of them."""
    submitted: int = 0
    done_meanwhile: int = 0
    """Of the jobs those that were done while this process still submitted."""
    noops: int = 0
    began: int = 0
    acknowledged_at: int = 0
    ended_at: int = 0
    cpu_seconds: float = 0.0
    """What it used of a processor while it ran."""
    created: "array[int]" = field(default_factory=lambda: array("q"))
    """From each submit to JOB_CREATED,"""
    assigned: "array[int]" = field(default_factory=lambda: array("q"))
    """to JOB_ASSIGN,"""
    completed: "array[int]" = field(default_factory=lambda: array("q"))
    """and to WORK_COMPLETE at who waits for it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one process is told."""

    address: tuple[str, int]
    load: Load
    share: Path
    """The shared file,"""
    place: int
    """this process's place in it,"""
    places: tuple[int, ...]
    """and those of all that share its function, its own among them."""


class Shared:
    """The numbers of all parts of a load; each writes its own and reads everybody's."""

    def __init__(self, task: Task) -> None:
        with task.share.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
        self._own = task.place * NUMBERS
        self._all = [place * NUMBERS for place in task.places]

    def tell(self, submitted: int, done: int) -> None:
        """So much has this process seen."""
        self._numbers[self._own] = submitted
        self._numbers[self._own + 1] = done

    def finish(self) -> None:
        """This process submits no more."""
        self._numbers[self._own + 2] = 1

    def open_jobs(self) -> int:
        """Jobs submitted by any and not known to be done."""
        numbers = self._numbers
        return sum([numbers[place] - numbers[place + 1] for place in self._all])

    def all_finished(self) -> bool:
        """Whether nobody submits any more."""
        return all(self._numbers[place + 2] for place in self._all)


def shares(load: Load) -> list[Load]:
    """The loads of its processes: as many as each can have connections of both kinds, if there are both."""
    many = max(1, min(load.processes, load.clients or load.workers, load.workers or load.clients))

    def part(whole: int, number: int) -> int:
        return whole // many + (number < whole % many)

    return [
        replace(
            load,
            clients=part(load.clients, number),
            workers=part(load.workers, number),
            jobs=part(load.jobs, number),
            rate=load.rate / many,
        )
        for number in range(many)
    ]


def run_loads(
    address: tuple[str, int], loads: Sequence[Load], ready: Callable[[], object] = lambda: None
) -> list[list[Figures]]:
    """All loads at a time; for each what its processes saw. Calls `ready` when all are connected, before they begin.

    Raises:
        LoadError: a server said what it should not, fell silent, or hung up.
    """
    parts = [(number, share) for number, load in enumerate(loads) for share in shares(load)]
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        shared = Path(folder) / "shared"
        shared.write_bytes(bytes(8 * NUMBERS * len(parts)))
        tasks = [
            Task(address, share, shared, place, tuple(other for other, (of, _) in enumerate(parts) if of == number))
            for place, (number, share) in enumerate(parts)
        ]
        seen = _run(tasks, ready)
    return [[seen[place] for place, (of, _) in enumerate(parts) if of == number] for number in range(len(loads))]


def _run(tasks: Sequence[Task], ready: Callable[[], object]) -> list[Figures]:
    with _processes(tasks) as processes:
        for process in processes:
            _expect_ready(process)
        ready()
        for process in processes:
            _say(process, b"go\n")
        seen = [Figures() for _ in tasks]
        sleep_last = sorted(range(len(tasks)), key=lambda place: tasks[place].load.sleepers > 0)
        for place in sleep_last:
            said, complaint = processes[place].communicate()
            if processes[place].returncode:
                raise LoadError(_last_line(complaint))
            seen[place] = pickle.loads(said)
    return seen


@contextmanager
def _processes(tasks: Sequence[Task]) -> Iterator[list[subprocess.Popen[bytes]]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "bench.part"]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for task in tasks:
            processes.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, env=os.environ))
            told = pickle.dumps(task)
            _say(processes[-1], len(told).to_bytes(4, "big") + told)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
            for end in (process.stdin, process.stdout, process.stderr):
                if end is not None:
                    end.close()


def _say(process: subprocess.Popen[bytes], words: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(words)
    process.stdin.flush()


def _expect_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    if process.stdout.readline() != b"ready\n":
        raise LoadError(_last_line(process.stderr.read()))


def _last_line(complaint: bytes) -> str:
    return (complaint.decode(errors="replace").strip() or "it said nothing").splitlines()[-1]
