"""How long does a background job wait at a thousand a second, which all should bear, and what does it cost?"""

from bench.contest import Scenario, main, under
from bench.contestants import WITH_BARE
from bench.load import Load

SCENARIO = Scenario(
    "bg_rate",
    __doc__ or "",
    under(Load(clients=50, window=4, workers=16, rate=1000.0)),
    (
        "created p99 ms",
        "created p50 ms",
        "assigned p50 ms",
        "assigned p99 ms",
        "CPU us/job",
        "server us/job",
        "Redis us/job",
        "NOOPs/job",
    ),
    seconds=5.0,
    contestants=WITH_BARE,
)

if __name__ == "__main__":
    main(SCENARIO)
