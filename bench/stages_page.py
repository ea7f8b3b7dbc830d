"""The table of docs/performance.md on where a job's time goes, written by `python -m bench.profiling --page`."""

from collections.abc import Mapping
from typing import Final

NAME: Final = "stages"
SCENARIOS: Final = ("bg_steady", "bg_pipelined", "fg_roundtrip", "fg_fan")
ORDER: Final = (
    "kernel: epoll",
    "kernel: recv",
    "kernel: send",
    "codec",
    "broker",
    "store",
    "pipe to Redis",
    "trio",
    "the rest of Python",
    "Redis",
)


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Microseconds of a job, a row for each stage and a column for each scenario."""
    seen = [stage for stages in found.values() for stage in stages]
    rows = [*ORDER, *sorted(set(seen) - set(ORDER))]
    lines = [f"| Microseconds a job | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    lines += [f"| {row} | {' | '.join(f'{stages.get(row, 0.0):.1f}' for stages in found.values())} |" for row in rows]
    sums = " | ".join(f"**{sum(stages.values()):.0f}**" for stages in found.values())
    return "\n".join([*lines, f"| **all** | {sums} |"])
