"""The crash matrix as it must be; `python -m tests.faults.matrix` prints it for docs/reliability.md."""

from enum import Enum
from pathlib import Path
from typing import Final

from tests.faults.scenes import SCENES
from tests.faults.trap import Point

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"


class Fault(Enum):
    """What strikes; the value is what the table says."""

    KILL = "the broker is killed"
    CUT = "its connection to Redis is cut"


ONCE: Final = "accepted, ran once"
TWICE: Final = "accepted, ran twice"
UNKNOWN: Final = "not accepted, ran once"
NEVER: Final = "not accepted, never ran"
LOST: Final = f"{TWICE}, progress lost"
KEPT: Final = f"{TWICE}, progress kept"
KILLED: Final[dict[str, tuple[str, ...]]] = {
    # verb: the outcome at each point; no last one where nothing is said of it to anybody
    "submit": (NEVER, NEVER, UNKNOWN, UNKNOWN, UNKNOWN, ONCE),
    "submit with a unique": (NEVER, NEVER, UNKNOWN, UNKNOWN, UNKNOWN, ONCE),
    "hand-off": (NEVER, NEVER, UNKNOWN, UNKNOWN, UNKNOWN, ONCE),
    "claim": (ONCE, ONCE, ONCE, ONCE, ONCE, TWICE),
    "progress": (LOST, LOST, KEPT, KEPT, KEPT),
    "finish": (TWICE, TWICE, ONCE, ONCE, ONCE),
    "requeue": (TWICE,) * 5,
    "due": (ONCE,) * 5,
    "fence": (TWICE,) * 5,
}
CUT: Final[dict[str, tuple[str, ...]]] = {
    "submit": (ONCE,) * 6,
    "submit with a unique": (ONCE,) * 6,
    "hand-off": (ONCE,) * 6,
    "claim": (ONCE,) * 6,
    "progress": (f"{ONCE}, progress kept",) * 5,
    "finish": (ONCE,) * 5,
    "requeue": (TWICE,) * 5,
    "due": (ONCE,) * 5,
    "fence": (TWICE,) * 5,
}
MATRIX: Final = {
    (verb, fault, point): outcome
    for fault, rows in ((Fault.KILL, KILLED), (Fault.CUT, CUT))
    for verb, outcomes in rows.items()
    for point, outcome in zip(Point, outcomes, strict=False)
}
"""(verb, fault, point) -> what becomes of the job."""


def page() -> str:
    """The tables as the docs show them."""
    return "\n".join(_table(fault) for fault in Fault)


def _table(fault: Fault) -> str:
    head = f"| {fault.value} | {' | '.join(point.value for point in Point)} |\n|---|{'---|' * len(Point)}\n"
    rows = (f"| {verb} | {' | '.join(MATRIX.get((verb, fault, point), '–') for point in Point)} |\n" for verb in SCENES)
    return head + "".join(rows)


if __name__ == "__main__":
    print(page())
