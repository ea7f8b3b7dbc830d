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
KILLED: Final[dict[str, tuple[str, ...]]] = {
    # verb: the outcome at each point; no fifth where nothing is said of it to anybody
    "submit": ("not accepted, never ran", *["not accepted, ran once"] * 3, ONCE),
    "hand-off": ("not accepted, never ran", *["not accepted, ran once"] * 3, ONCE),
    "claim": (ONCE, ONCE, ONCE, ONCE, TWICE),
    "progress": (f"{TWICE}, progress lost", *[f"{TWICE}, progress kept"] * 3),
    "finish": (TWICE, ONCE, ONCE, ONCE),
    "requeue": (TWICE,) * 4,
    "due": (ONCE,) * 4,
    "fence": (TWICE,) * 4,
}
CUT: Final[dict[str, tuple[str, ...]]] = {
    "submit": (ONCE,) * 5,
    "hand-off": (ONCE,) * 5,
    "claim": (ONCE,) * 5,
    "progress": (f"{ONCE}, progress kept",) * 4,
    "finish": (ONCE,) * 4,
    "requeue": (TWICE,) * 4,
    "due": (ONCE,) * 4,
    "fence": (TWICE,) * 4,
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
