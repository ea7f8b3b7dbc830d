"""How long does a lone client wait beside a flood, and does a flood of submits keep jobs from being done?

A lone client submits at its own leisure: by itself, beside eight clients that flood another function with 64 submits
at a time each, and beside one connection with a thousand submits under way. The flooded function has workers, and what
they do meanwhile is counted.
"""

from dataclasses import replace

from bench.contest import Options, Scenario, main
from bench.contestants import Running
from bench.load import Load
from bench.measuring import LOAD_CPU, OTHERS, Measured, measure

LONE = Load(clients=1, window=16, rate=200.0, drains=False, function=b"lone", processes=1)
FLOOD = Load(clients=8, window=64, workers=16, drains=False, function=b"flooded")
DEEP = Load(clients=1, window=1000, workers=16, drains=False, function=b"flooded", processes=1)
WAIT = "created p99 ms"
BESIDE_FLOOD = "p99 beside a flood, of that alone"
BESIDE_DEEP = "p99 beside a deep pipeline, of that alone"
DONE = "done/s in a flood"
SHARE = "done of submitted in a flood"


def take(running: Running, options: Options) -> Measured:
    """Alone, beside the flood, beside the pipeline."""
    lone = replace(LONE, seconds=options.seconds)
    flood, deep = options.fit(FLOOD), replace(DEEP, seconds=options.seconds)
    alone = measure(running, lone)
    beside_deep = measure(running, lone, deep)
    beside_flood = measure(running, lone, flood)
    flooded = measure(running, flood)
    done = flooded["done meanwhile/s"]
    return {
        "p99 ms alone": alone[WAIT],
        "p99 ms beside a flood": beside_flood[WAIT],
        "p99 ms beside a deep pipeline": beside_deep[WAIT],
        BESIDE_FLOOD: beside_flood[WAIT] / alone[WAIT],
        BESIDE_DEEP: beside_deep[WAIT] / alone[WAIT],
        DONE: done,
        SHARE: done / flooded["submits/s"],
        **{
            title: max(one[title] for one in (alone, beside_deep, beside_flood, flooded))
            for title in (LOAD_CPU, OTHERS)
        },
    }


SCENARIO = Scenario(
    "fairness",
    __doc__ or "",
    take,
    (DONE, SHARE, "p99 ms alone", "p99 ms beside a flood", BESIDE_FLOOD, "p99 ms beside a deep pipeline", BESIDE_DEEP),
    seconds=3.0,
)

if __name__ == "__main__":
    main(SCENARIO)
