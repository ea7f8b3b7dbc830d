"""How many background jobs a second are queued, and then run, through our client and our worker?

usage: python -m bench.background [--jobs N] [--tasks N] [--payload BYTES] [--runs N]

Our broker, with its embedded store that syncs to disk, and gearmand with its queue in memory, where it is
installed, take turns.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trio

from client import Client, open_client
from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from worker import Job, run_worker

FUNCTION = "bench"


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a server in one run."""

    jobs: int
    tasks: int
    """So many tasks submit on one connection, each waiting for its answer; so many jobs run at once."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Rates:
    """Jobs a second in one run."""

    queued: float
    run: float


class Countdown:
    """Sets an event when so many jobs have run."""

    def __init__(self, jobs: int) -> None:
        self._left = jobs
        self.over = trio.Event()

    async def run(self, job: Job) -> bytes:
        """The job's function: it does nothing."""
        self._left -= 1
        if self._left == 0:
            self.over.set()
        return b""


async def measure(address: str, load: Load) -> Rates:
    """Queues all jobs, then runs all jobs."""
    started = time.perf_counter()
    async with open_client(address) as client, trio.open_nursery() as nursery:
        for number in range(load.tasks):
            nursery.start_soon(submit, client, load.payload, len(range(number, load.jobs, load.tasks)))
    queued = time.perf_counter() - started

    started = time.perf_counter()
    countdown = Countdown(load.jobs)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, address, countdown, load.tasks)
        await countdown.over.wait()
        run = time.perf_counter() - started
        nursery.cancel_scope.cancel()
    return Rates(load.jobs / queued, load.jobs / run)


async def submit(client: Client, payload: bytes, jobs: int) -> None:
    """One task's share of the jobs, one after the other."""
    for _ in range(jobs):
        await client.submit_background(FUNCTION, payload)


async def work(address: str, countdown: Countdown, tasks: int) -> None:
    """Runs jobs until cancelled."""
    await run_worker(address, {FUNCTION: countdown.run}, concurrency=tasks)


def contestants(directory: Path) -> dict[str, Callable[[], ServerProcess]]:
    """The servers that can be started here, by name."""
    found: dict[str, Callable[[], ServerProcess]] = {"trio-gearman, fsync": lambda: BrokerProcess(directory / "data")}
    if shutil.which(GEARMAND):
        found["gearmand, in memory"] = lambda: GearmandProcess(directory)
    return found


def compare(load: Load, runs: int) -> dict[str, list[Rates]]:
    """Lets the servers take turns, each run with a new server and an empty queue."""
    results: dict[str, list[Rates]] = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            for name, make in contestants(Path(directory)).items():
                with make() as server:
                    results.setdefault(name, []).append(trio.run(measure, server.address, load))
    return results


def table(results: dict[str, list[Rates]]) -> str:
    """Medians, and their ratio to the last server's."""
    medians = {
        name: (
            statistics.median(rate.queued for rate in rates),
            statistics.median(rate.run for rate in rates),
        )
        for name, rates in results.items()
    }
    queued_there, run_there = list(medians.values())[-1]
    lines = [f"{'':<22} {'queued/s':>10} {'ratio':>6} {'run/s':>10} {'ratio':>6}"]
    for name, (queued, run) in medians.items():
        lines.append(f"{name:<22} {queued:>10,.0f} {queued / queued_there:>6.2f} {run:>10,.0f} {run / run_there:>6.2f}")
    return "\n".join(lines)


def main() -> None:
    """Reads the flags, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.background", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs in a run (default 10000)")
    parser.add_argument("--tasks", type=int, default=50, help="submits, and jobs, at a time (default 50)")
    parser.add_argument("--payload", type=int, default=200, help="bytes in a payload (default 200)")
    parser.add_argument("--runs", type=int, default=3, help="turns of each server (default 3)")
    given = parser.parse_args()
    results = compare(Load(given.jobs, given.tasks, os.urandom(given.payload)), given.runs)
    print(f"{given.jobs} jobs of {given.payload} bytes, {given.tasks} at a time, median of {given.runs} runs")
    print(table(results))


if __name__ == "__main__":
    main()
