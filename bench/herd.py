"""What does a job cost when two thousand workers sleep on its function? Two hundred jobs a second come in."""

from dataclasses import replace

from bench.contest import Options, Scenario, main
from bench.contestants import WITH_BARE, Running
from bench.load import Load
from bench.measuring import Measured, measure

RARE = Load(clients=10, window=4, rate=200.0)


def take(running: Running, options: Options) -> Measured:
    """All sleepers of one process, so that it sees each of them called."""
    return measure(running, replace(options.fit(RARE), workers=options.sleepers, processes=1))


SCENARIO = Scenario(
    "herd",
    __doc__ or "",
    take,
    (
        "server us/job",
        "NOOPs/job",
        "Redis us/job",
        "created p50 ms",
        "created p99 ms",
        "assigned p50 ms",
        "assigned p99 ms",
    ),
    seconds=4.0,
    contestants=WITH_BARE,
)

if __name__ == "__main__":
    main(SCENARIO)
