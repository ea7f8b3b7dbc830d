"""How many megabytes a second go through in background jobs of a megabyte?"""

from dataclasses import replace

from bench.contest import Options, Scenario, main
from bench.contestants import Running
from bench.load import Load
from bench.measuring import Measured, measure

MEGABYTE = 1_000_000
JOBS = 200
SECONDS = 60.0
"""Enough for all of them, on any machine."""
LARGE = Load(function=b"large", clients=4, workers=4, payload_bytes=MEGABYTE)


def take(running: Running, options: Options) -> Measured:
    """So many jobs, however long they take."""
    jobs = min(JOBS, options.jobs)
    figures = measure(running, replace(options.fit(LARGE), jobs=jobs, seconds=SECONDS))
    return {**figures, "MB/s": figures["jobs/s"]}


SCENARIO = Scenario(
    "large_bg",
    __doc__ or "",
    take,
    ("MB/s", "assigned p50 ms", "assigned p99 ms", "server us/job", "Redis us/job"),
)

if __name__ == "__main__":
    main(SCENARIO)
