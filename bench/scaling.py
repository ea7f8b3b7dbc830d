"""What does a job cost, from submit to end, while so many others are queued?"""

from dataclasses import replace

from bench.contest import Options, Scenario, main
from bench.contestants import Running
from bench.load import Load
from bench.measuring import LOAD_CPU, OTHERS, Measured, measure

FILL = Load(clients=8, window=64, drains=False)
PACED = Load(clients=8, window=8, workers=8, drains=False)
ENOUGH = 0.98
"""Of a depth: what is missing would not change the figure."""


def take(running: Running, options: Options) -> Measured:
    """The queue grows from depth to depth; those that time did not allow are left out."""
    figures: Measured = {LOAD_CPU: 0.0, OTHERS: 0.0}
    queued, first = 0, 0.0
    for depth in options.depths:
        fill = replace(options.fit(FILL), jobs=depth - queued, seconds=options.fill_seconds)
        queued += int(measure(running, fill)["submitted"])
        load = replace(options.fit(PACED), queued_before=queued, most_queued=queued + 64)
        measured = measure(running, load)
        queued += int(measured["submitted"] - measured["jobs"])
        cost = 1e6 / measured["jobs/s"]
        first = first or cost
        title = f"{depth:,}" if queued >= depth * ENOUGH else f"{queued:,} (of {depth:,})"
        figures[f"us/job at {title}"] = cost
        figures[f"CPU us/job at {title}"] = measured["CPU us/job"]
        figures["growth"] = cost / first
        figures |= {title: max(figures[title], measured[title]) for title in (LOAD_CPU, OTHERS)}
        if queued < depth * ENOUGH:
            break
    figures["depth"] = queued
    return figures


DEPTHS = ("1,000", "10,000", "100,000", "1,000,000")
SCENARIO = Scenario(
    "scaling",
    __doc__ or "",
    take,
    ("growth", "depth", *(f"us/job at {depth}" for depth in DEPTHS), *(f"CPU us/job at {depth}" for depth in DEPTHS)),
    seconds=3.0,
)

if __name__ == "__main__":
    main(SCENARIO)
