"""How many background jobs a second go through two processes of the broker, against one?

A broker that does not know the flag says so, and that is told below the table.
"""

from bench.contest import Scenario, main, under
from bench.contestants import BROKER, TWO_PROCESSES
from bench.load import Load

SCENARIO = Scenario(
    "processes",
    __doc__ or "",
    under(Load(clients=50, workers=16, most_queued=500)),
    ("jobs/s", "submits/s", "created p50 ms", "created p99 ms", "server us/job", "Redis us/job"),
    contestants=(TWO_PROCESSES, BROKER),
)

if __name__ == "__main__":
    main(SCENARIO)
