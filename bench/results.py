"""The figures of a run in a file, so that tables and pictures can be made again without measuring."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.contest import Turn

RESULTS: Final = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Series:
    """The turns of one scenario with one durability."""

    scenario: str
    durability: str
    turns: Sequence[Turn]


@dataclass(frozen=True, slots=True)
class Results:
    """All of them, and where they were measured."""

    about: dict[str, str]
    series: Sequence[Series]

    def turns(self, scenario: str, durability: str, contestant: str) -> list[Turn]:
        """All turns of one server in one scenario, those that failed among them."""
        return [
            turn
            for series in self.series
            if (series.scenario, series.durability) == (scenario, durability)
            for turn in series.turns
            if turn.contestant == contestant
        ]

    def replaced_by(self, newer: "Results") -> "Results":
        """These, with the scenarios that were measured again taken from there."""
        again = {series.scenario for series in newer.series}
        kept = [series for series in self.series if series.scenario not in again]
        return Results(newer.about, [*kept, *newer.series])

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        series = [
            {"scenario": one.scenario, "durability": one.durability, "turns": [turn._asdict() for turn in one.turns]}
            for one in self.series
        ]
        return {"about": self.about, "series": series}

    @classmethod
    def read(cls, path: Path) -> "Results":
        """From a file that `plain` was written to."""
        found = json.loads(path.read_text())
        return cls(
            found["about"],
            [
                Series(one["scenario"], one["durability"], [Turn(**turn) for turn in one["turns"]])
                for one in found["series"]
            ],
        )
