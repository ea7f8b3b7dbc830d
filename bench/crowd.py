"""How does the rate of background jobs change with the number of clients? Each waits for its answer."""

from dataclasses import replace

from bench.contest import CROWDS, Options, Scenario, main
from bench.contestants import Running
from bench.load import Load
from bench.measuring import LOAD_CPU, OTHERS, Measured, measure

STEADY = Load(workers=16, most_queued=500)


def take(running: Running, options: Options) -> Measured:
    """The same load again and again, with ever more clients."""
    figures: Measured = {LOAD_CPU: 0.0, OTHERS: 0.0}
    for clients in options.crowds:
        measured = measure(running, replace(options.fit(STEADY), clients=clients))
        figures[f"jobs/s of {clients}"] = measured["jobs/s"]
        figures |= {title: max(figures[title], measured[title]) for title in (LOAD_CPU, OTHERS)}
    return figures


SCENARIO = Scenario(
    "crowd",
    __doc__ or "",
    take,
    tuple(f"jobs/s of {clients}" for clients in CROWDS),
    seconds=1.0,
)

if __name__ == "__main__":
    main(SCENARIO)
