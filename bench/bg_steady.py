"""How many background jobs a second go through when no more come in than are done?"""

from bench.contest import Scenario, main, under
from bench.contestants import WITH_BARE
from bench.load import Load

SCENARIO = Scenario(
    "bg_steady",
    __doc__ or "",
    under(Load(clients=50, workers=16, most_queued=500)),
    (
        "jobs/s",
        "submits/s",
        "created p50 ms",
        "created p99 ms",
        "assigned p50 ms",
        "assigned p99 ms",
        "server us/job",
        "Redis us/job",
        "NOOPs/job",
    ),
    seconds=5.0,
    contestants=WITH_BARE,
)

if __name__ == "__main__":
    main(SCENARIO)
