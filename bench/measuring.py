"""From what the processes of a load saw to named figures."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from bench.contestants import Running
from bench.load import Figures, Load, run_loads
from bench.machine import busy_seconds, family_cpu_seconds

Measured: TypeAlias = dict[str, float]
"""Figures by name; the name says the unit."""

PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
LOAD_CPU: Final = "load CPU"
OTHERS: Final = "others"
MILLISECOND: Final = 1_000_000
WARM_UP: Final = Load(clients=4, workers=4, jobs=200, seconds=5.0, processes=1)


def measure(running: Running, load: Load, *beside: Load) -> Measured:
    """The figures of one load, with others beside it."""
    account = _Account(running)
    mine, *_ = everybody = run_loads(running.address, [load, *beside], account.begin)
    return {**seen(mine), **account.spent(everybody, sum(part.jobs for part in mine))}


def warm_up(running: Running, *, tls: bool = False) -> None:
    """A few jobs, so that code and caches are where they will be."""
    run_loads(running.address, [replace(WARM_UP, tls=tls)])


def seen(parts: Sequence[Figures]) -> Measured:
    """What clients and workers saw, without what it cost."""
    jobs, submitted = sum(part.jobs for part in parts), sum(part.submitted for part in parts)
    began = min(part.began for part in parts)
    figures: Measured = {"jobs": jobs, "submitted": submitted}
    submitting = _seconds(began, (part.acknowledged_at for part in parts))
    working = _seconds(began, (part.ended_at for part in parts))
    if submitting:
        figures["submits/s"] = submitted / submitting
        figures["done meanwhile/s"] = sum(part.done_meanwhile for part in parts) / submitting
    if working and jobs:
        figures["jobs/s"] = jobs / working
        figures["NOOPs/job"] = sum(part.noops for part in parts) / jobs
    for name in ("created", "assigned", "completed"):
        figures |= percentiles(name, (wait for part in parts for wait in getattr(part, name)))
    return figures


def _seconds(began: int, instants: Iterable[int]) -> float:
    return max(0, max(instants) - began) / 1e9


def percentiles(name: str, waits: Iterable[int]) -> Measured:
    """Of so many nanoseconds, in milliseconds; none of none."""
    ordered = sorted(waits)
    if not ordered:
        return {}
    return {
        f"{name} {title} ms": ordered[min(len(ordered) - 1, int(len(ordered) * part))] / MILLISECOND
        for title, part in PERCENTILES.items()
    }


class _Account:
    """Who had used what when a load began, its peers being connected already."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._commands = _commands(self._running)
        self._server = family_cpu_seconds([self._running.pid])
        self._both = family_cpu_seconds(self._running.pids)
        self._machine = busy_seconds()
        self._own = time.process_time()
        self._began = time.monotonic()

    def spent(self, everybody: Sequence[Sequence[Figures]], jobs: int) -> Measured:
        """What it took since then. Others: processors that neither servers nor load used."""
        parts = [part for group in everybody for part in group]
        load = sum(part.cpu_seconds for part in parts)
        both = family_cpu_seconds(self._running.pids) - self._both
        server = family_cpu_seconds([self._running.pid]) - self._server
        seconds = time.monotonic() - self._began
        # From the first submit on: starting the processes of the load is neither theirs nor anybody else's.
        measured = max([_seconds(part.began, [part.acknowledged_at, part.ended_at]) for part in parts if part.began])
        machine = busy_seconds() - self._machine - both - load - (time.process_time() - self._own)
        return {
            "server us/job": server * 1e6 / max(1, jobs),
            "Redis us/job": (both - server) * 1e6 / max(1, jobs),
            "CPU us/job": both * 1e6 / max(1, jobs),
            "Redis commands/job": (_commands(self._running) - self._commands) / max(1, jobs),
            LOAD_CPU: max(part.cpu_seconds for part in parts) / max(measured, 1e-9),
            OTHERS: max(0.0, machine / seconds),
        }


def _commands(running: Running) -> int:
    """Commands that Redis has executed, those within scripts included."""
    if running.redis is None:
        return 0
    stats: Mapping[str, int] = running.redis.client().info("stats")
    return int(stats["total_commands_processed"])
