"""What is left of the rate beside two thousand workers that sleep on a function of their own?"""

from bench.contest import Options, Scenario, main
from bench.contestants import Running
from bench.load import Load
from bench.machine import memory_bytes
from bench.measuring import Measured, measure

STEADY = Load(clients=10, workers=16, most_queued=500)
ALONE = "jobs/s alone"
KEPT = "jobs/s of those alone"


def take(running: Running, options: Options) -> Measured:
    """The same load without sleepers, and beside them."""
    load = options.fit(STEADY)
    alone = measure(running, load)
    before = memory_bytes(running.pid)
    figures = measure(running, load, Load(sleepers=options.sleepers, function=b"idle", processes=1))
    figures[ALONE] = alone["jobs/s"]
    figures[KEPT] = figures["jobs/s"] / alone["jobs/s"]
    figures["kB/sleeper"] = (memory_bytes(running.pid) - before) / 1024 / options.sleepers
    return figures


SCENARIO = Scenario(
    "many_idle",
    __doc__ or "",
    take,
    (KEPT, "jobs/s", ALONE, "created p50 ms", "created p99 ms", "server us/job", "Redis us/job"),
    seconds=4.0,
)

if __name__ == "__main__":
    main(SCENARIO)
