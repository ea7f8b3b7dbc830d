"""How long does one client wait for the result of one worker?"""

from bench.contest import Scenario, main, under
from bench.contestants import WITH_BARE
from bench.load import Load

SCENARIO = Scenario(
    "fg_roundtrip",
    __doc__ or "",
    under(Load(clients=1, workers=1, background=False)),
    (
        "completed p50 ms",
        "completed p99 ms",
        "completed p99.9 ms",
        "jobs/s",
        "server us/job",
        "Redis us/job",
        "NOOPs/job",
    ),
    seconds=4.0,
    contestants=WITH_BARE,
)

if __name__ == "__main__":
    main(SCENARIO)
