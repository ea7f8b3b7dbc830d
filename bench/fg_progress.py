"""How many jobs a second are done whose workers tell ten times how far they are?"""

from bench.contest import Scenario, main, under
from bench.load import Load

SCENARIO = Scenario(
    "fg_progress",
    __doc__ or "",
    under(Load(clients=8, workers=8, background=False, statuses=10)),
    ("jobs/s", "completed p50 ms", "completed p99 ms", "server us/job", "Redis us/job", "NOOPs/job"),
    seconds=4.0,
)

if __name__ == "__main__":
    main(SCENARIO)
