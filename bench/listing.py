"""What does it cost to list a million jobs: time, memory, and the patience of everybody else?

A broker of its own on a Redis of its own, which fills its queue itself. gearadmin reads the listing; meanwhile one
connection submits jobs, one asks for the status, and one asks Redis how long a PING takes.
"""

import argparse
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.contest import cpu_seconds, open_redis
from persistence.keys import Keys, digest_of
from tests.broker.many_jobs import copy_job
from tests.processes import BrokerProcess, ServerProcess

GEARADMIN: Final = "gearadmin"
PAUSE_SECONDS: Final = 0.002
"""Between two questions: often enough to meet every pause of the listing, rarely enough to be no load."""
LISTED: Final = b"f"
SUBMIT: Final = b"\0REQ\0\0\0\x12\0\0\0\x04%b\0\0x"
STATUS: Final = b"status\r\n"


class Probe(threading.Thread):
    """Asks the same again and again until it is ended, and takes the time of each answer."""

    def __init__(self, name: str, ask: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._ask = ask
        self._seconds: list[float] = []
        self._ended = threading.Event()

    def run(self) -> None:
        """See Thread."""
        while not self._ended.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            self._ask()
            self._seconds.append(time.perf_counter() - began)

    def end(self) -> str:
        """A row: how often it asked, and how long it waited."""
        self._ended.set()
        self.join()
        waits = sorted(self._seconds)
        figures = (waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1])
        half, most, longest = (f"{seconds * 1e3:8.2f}" for seconds in figures)
        return f"{self.name:<28} {len(waits):>8,} {half} {most} {longest}"


def asker(server: ServerProcess, question: bytes) -> Callable[[], bytes]:
    """Asks this on a connection of its own; the answer is one read."""
    peer = socket.create_connection((server.host, server.port))

    def ask() -> bytes:
        peer.sendall(question)
        return peer.recv(65_536)

    return ask


def memory_mb(pid: int, what: str) -> float:
    """VmRSS, what a process takes now, or VmHWM, what it took at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def list_jobs(server: ServerProcess, option: str) -> tuple[int, float]:
    """How many rows gearadmin prints, and how many seconds it takes."""
    began = time.perf_counter()
    command = [GEARADMIN, "-h", server.host, "-p", str(server.port), option]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    assert listed.endswith(b"\n.\n"), "the listing was cut off"
    return listed.count(b"\n") - 1, time.perf_counter() - began


def measure(jobs: int, option: str) -> None:
    """Fill a queue, list it, print the figures."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = stack.enter_context(open_redis())
        url = f"redis://127.0.0.1:{redis.port}"
        broker = stack.enter_context(BrokerProcess(directory / "data", "--redis", url))
        asker(broker, SUBMIT % LISTED)()
        copy_job(redis.client(), Keys(b"gearman").tag(digest_of(LISTED)), jobs)
        before = memory_mb(broker.pid, "VmRSS")
        used = cpu_seconds(broker.pid), cpu_seconds(redis.pid)
        probes = (
            Probe("a submit at the broker", asker(broker, SUBMIT % b"g")),
            Probe("status at the broker", asker(broker, STATUS)),
            Probe("PING at Redis", redis.client().ping),
        )
        for probe in probes:
            probe.start()
        rows, seconds = list_jobs(broker, option)
        waits = [probe.end() for probe in probes]
        spent = cpu_seconds(broker.pid) - used[0], cpu_seconds(redis.pid) - used[1]
        print(f"{option} of {jobs:,} jobs: {rows:,} rows in {seconds:.1f} s")
        print(f"processor: {spent[0]:.1f} s of the broker's, {spent[1]:.1f} s of Redis's, questions included")
        print(f"memory of the broker: {before:.0f} MB before, {memory_mb(broker.pid, 'VmHWM'):.0f} MB at most")
        print(f"{'meanwhile':<28} {'times':>8} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
        print("\n".join(waits))


def main() -> None:
    """Read the flags and measure."""
    if not shutil.which(GEARADMIN):
        raise SystemExit(f"{GEARADMIN} is not installed; Debian's package gearman-tools has it")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="in the queue (default 1,000,000)")
    parser.add_argument(
        "--unique", action="store_true", help="list the uniques instead: here an empty line for each job"
    )
    given = parser.parse_args()
    measure(given.jobs, "--show-unique-jobs" if given.unique else "--show-jobs")


if __name__ == "__main__":
    main()
