"""What `watch` and `top` see at a look, and what has changed since the one before."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from client.blocking import Client
from client.command_line.output import Field, as_text
from client.records import Status

__all__ = ["FunctionSample", "Functions", "JobSample", "running_jobs"]

MOST_ASKED = 10_000
"""Jobs that are asked for to find those that run; a list of jobs does not say which do."""


@dataclass(frozen=True, slots=True)
class JobSample:
    """How a job stands."""

    handle: str
    state: str
    """queued, running or over."""
    numerator: int
    denominator: int

    @classmethod
    def of(cls, handle: str, status: Status) -> "JobSample":
        """From what the server said."""
        state = "running" if status.running else "queued" if status.known else "over"
        return cls(handle, state, status.numerator, status.denominator)

    def __str__(self) -> str:
        return f"{self.handle} {self.state}" + (f" {self.numerator} of {self.denominator}" if self.denominator else "")


@dataclass(frozen=True, slots=True)
class FunctionSample:
    """How a function stands."""

    HEADINGS: ClassVar = ("FUNCTION", "QUEUED", "HIGH", "NORMAL", "LOW", "RUNNING", "WORKERS", "CHANGE/S")

    name: str
    queued: int
    high: int
    normal: int
    low: int
    running: int
    workers: int
    change_per_second: float
    """By how much its jobs, queued and running, became more or fewer."""

    def row(self) -> tuple[str, ...]:
        """For a table."""
        counts = (self.queued, self.high, self.normal, self.low, self.running, self.workers)
        return (self.name, *map(str, counts), f"{self.change_per_second:+.1f}")

    def fields(self) -> dict[str, Field]:
        """For JSON."""
        return {
            "name": self.name,
            "queued": self.queued,
            "high": self.high,
            "normal": self.normal,
            "low": self.low,
            "running": self.running,
            "workers": self.workers,
            "change_per_second": round(self.change_per_second, 3),
        }


class Functions:
    """Looks at all functions, again and again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._before: dict[bytes, int] = {}
        self._looked = 0.0

    def look(self) -> list[FunctionSample]:
        """How they stand now; those with most jobs first."""
        rows = self._client.admin.status()
        queues = {queue.name: queue for queue in self._client.admin.prioritystatus()}
        now = time.monotonic()
        seconds, self._looked = now - self._looked, now
        samples = []
        for row in rows:
            queue = queues.get(row.name)
            high, normal, low = (queue.high, queue.normal, queue.low) if queue else (0, 0, 0)
            change = (row.total - self._before.get(row.name, row.total)) / seconds
            name = as_text(row.name)
            samples.append(FunctionSample(name, row.queued, high, normal, low, row.running, row.workers, change))
        self._before = {row.name: row.total for row in rows}
        return sorted(samples, key=lambda sample: (-sample.queued - sample.running, sample.name))


def running_jobs(client: Client) -> Iterator[JobSample]:
    """The jobs that run. All are asked for until those are found."""
    running = sum(row.running for row in client.admin.status())
    if not running:
        return
    for job in client.admin.show_jobs()[:MOST_ASKED]:
        sample = JobSample.of(as_text(job.handle), client.status(job.handle))
        if sample.state == "running":
            yield sample
            running -= 1
            if not running:
                return
