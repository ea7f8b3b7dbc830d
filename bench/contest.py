"""Servers that take turns under the same load, and the table of what they did."""

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from bench.load import Figures, Load, run_load
from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from tests.servers import RedisServer, find_engine

REDIS: Final = "redis-server"
EVERY_SECOND: Final = ("--appendonly", "yes", "--appendfsync", "everysec")


class Turn(NamedTuple):
    """What one server did in one turn."""

    submitted: float
    """Jobs a second that were acknowledged."""
    finished: float
    """Jobs a second from the first submit to the last end."""
    median: float
    slowest: float
    """Milliseconds to the answer: half, and 99 of 100, had it in that time."""
    cpu: float
    """Microseconds of processor a job, of the server and of its Redis."""
    load: float
    """How much of one processor the busiest load process used."""


class GearmandOnRedis(GearmandProcess):
    """gearmand with its Redis plugin."""

    def __init__(self, directory: Path, redis_port: int) -> None:
        super().__init__(directory)
        self._redis_port = redis_port

    def command(self) -> list[str]:
        """The words that start it."""
        queue = ["-q", "redis", "--redis-server", "127.0.0.1", "--redis-port", str(self._redis_port)]
        return [*super().command(), *queue]


@contextmanager
def open_redis() -> Iterator[RedisServer]:
    """A Redis of its own that syncs once a second."""
    server = RedisServer(find_engine("redis"), *EVERY_SECOND)
    server.start()
    try:
        yield server
    finally:
        server.clean_up()


Contestant = Callable[[ExitStack, Path], tuple[ServerProcess, list[int]]]
"""Starts a server; returns it and the processes whose time counts as its own."""


def _ours(stack: ExitStack, directory: Path) -> tuple[ServerProcess, list[int]]:
    redis = stack.enter_context(open_redis())
    url = f"redis://127.0.0.1:{redis.port}"
    broker = stack.enter_context(BrokerProcess(directory / "data", "--redis", url))
    return broker, [broker.pid, redis.pid]


def _gearmand(stack: ExitStack, directory: Path) -> tuple[ServerProcess, list[int]]:
    server = stack.enter_context(GearmandProcess(directory))
    return server, [server.pid]


def _gearmand_on_redis(stack: ExitStack, directory: Path) -> tuple[ServerProcess, list[int]]:
    redis = stack.enter_context(open_redis())
    server = stack.enter_context(GearmandOnRedis(directory, redis.port))
    return server, [server.pid, redis.pid]


def contestants() -> dict[str, Contestant]:
    """The servers that can be started here, by name. Raises SystemExit where not even ours can."""
    if not shutil.which(REDIS):
        raise SystemExit(f"{REDIS} is not installed; Debian's package redis-server has it")
    found: dict[str, Contestant] = {"trio-gearman, Redis": _ours}
    if shutil.which(GEARMAND):
        found |= {"gearmand -q redis": _gearmand_on_redis, "gearmand, in memory": _gearmand}
    return found


def take_turn(start: Contestant, load: Load, processes: int) -> Turn:
    """A new server with an empty queue, under the load."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        server, counted = start(stack, directory)
        before = sum(map(cpu_seconds, counted))
        seen = run_load((server.host, server.port), load, processes)
        return _judged(seen, sum(map(cpu_seconds, counted)) - before)


def _judged(seen: list[Figures], cpu_seconds: float) -> Turn:
    jobs = sum(part.jobs for part in seen)
    answered = sorted(seconds for part in seen for seconds in part.answered)
    return Turn(
        submitted=jobs / max(part.submit_seconds for part in seen),
        finished=jobs / max(part.cycle_seconds for part in seen),
        median=answered[len(answered) // 2] * 1e3,
        slowest=answered[len(answered) * 99 // 100] * 1e3,
        cpu=cpu_seconds / jobs * 1e6,
        load=max(part.cpu_seconds / part.cycle_seconds for part in seen),
    )


def cpu_seconds(pid: int) -> float:
    """How much of a processor a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(turns: dict[str, list[Turn]]) -> str:
    """Medians. The ratios are medians of the ratios of each round to its last server."""
    *_, last = turns.values()
    titles = ("submits/s", "jobs/s", "ratio", "p50 ms", "p99 ms", "CPU us/job", "load CPU")
    widths = (10, 8, 6, 7, 7, 10, 8)
    lines = [" " * 20 + "".join(f" {title:>{width}}" for title, width in zip(titles, widths, strict=True))]
    for name, taken in turns.items():
        middle = Turn(*map(statistics.median, zip(*taken, strict=True)))
        ratio = statistics.median(turn.finished / other.finished for turn, other in zip(taken, last, strict=True))
        lines.append(
            f"{name:<20} {middle.submitted:>10,.0f} {middle.finished:>8,.0f} {ratio:>6.2f} {middle.median:>7.2f} "
            f"{middle.slowest:>7.2f} {middle.cpu:>10.0f} {middle.load:>8.2f}"
        )
    return "\n".join(lines)


def main(question: str, load: Load) -> None:
    """Read the flags, let the servers take turns, print the table."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--runs", type=int, default=3, help="turns of each server (default 3)")
    parser.add_argument("--seconds", type=float, default=load.seconds, help=f"of each turn (default {load.seconds:g})")
    parser.add_argument("--processes", type=int, default=2, help="that make the load (default 2)")
    given = parser.parse_args()
    processes = min(given.processes, load.clients, load.workers)
    starters = contestants()
    turns: dict[str, list[Turn]] = {name: [] for name in starters}
    for round_number in range(given.runs):
        names = list(starters)
        for name in names[round_number % len(names) :] + names[: round_number % len(names)]:
            turns[name].append(take_turn(starters[name], replace(load, seconds=given.seconds), processes))
    print(question)
    print(f"{given.runs} turns of {given.seconds:g} s, load from {processes} processes; medians")
    print(table(turns))
