"""How many jobs a second are done for fifty clients that wait for their results?"""

from bench.contest import Scenario, main, under
from bench.contestants import WITH_BARE
from bench.load import Load

SCENARIO = Scenario(
    "fg_fan",
    __doc__ or "",
    under(Load(clients=50, workers=16, background=False)),
    ("jobs/s", "completed p50 ms", "completed p99 ms", "server us/job", "Redis us/job", "NOOPs/job"),
    seconds=5.0,
    contestants=WITH_BARE,
)

if __name__ == "__main__":
    main(SCENARIO)
