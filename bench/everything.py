"""Runs all scenarios, keeps their figures in a file, and writes the table and the pictures of bench/README.md.

A scenario that fails is told in the table and stops nothing. `python -m bench.report` writes table and pictures again
from the same figures.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from bench import report
from bench.contest import Options, Turn, take_turns, written
from bench.contestants import ALWAYS, BARE, BROKER, EVERYSEC, GEAR, GEARMAND_MEMORY, GEARMAND_REDIS, TWO_PROCESSES
from bench.machine import command_line, description
from bench.results import RESULTS, Results, Series
from bench.scenarios import SCENARIOS


class Plan(NamedTuple):
    """How one scenario is run when all are."""

    scenario: str
    contestants: tuple[str, ...]
    durability: str = EVERYSEC
    options: Options | None = None
    """None: as long as the scenario lasts by itself. Less would be kind to a server whose jobs cost more the more are
    queued, and hard on one whose first thousand jobs are slow."""
    runs: int = 0
    """0: as many as the command says."""


STORED: Final = (BROKER, GEARMAND_REDIS)
THREE: Final = (BROKER, GEARMAND_REDIS, GEARMAND_MEMORY)
MEMORY: Final = (BROKER, GEARMAND_MEMORY)

PLANS: Final = (
    Plan("bg_steady", (*THREE, GEAR, BARE)),
    Plan("bg_steady", (*STORED, BARE), ALWAYS),
    Plan("bg_pipelined", (*THREE, BARE)),
    Plan("bg_pipelined", (*STORED, BARE), ALWAYS),
    Plan("bg_rate", (*THREE, BARE)),
    Plan("fg_roundtrip", (*MEMORY, BARE)),
    Plan("fg_fan", (*MEMORY, BARE)),
    Plan("fg_progress", MEMORY),
    Plan("many_idle", (BROKER,)),
    Plan("herd", (*MEMORY, BARE)),
    Plan("scaling", (BROKER,), runs=1),
    Plan("scaling", STORED[1:], options=Options(2.0, fill_seconds=15.0), runs=1),
    Plan("backlog", STORED, runs=2),
    Plan("large_bg", STORED),
    Plan("large_fg", MEMORY),
    Plan("processes", (TWO_PROCESSES, BROKER)),
    Plan("fairness", STORED),
    Plan("visitors", THREE),
    Plan("crowd", THREE, runs=1),
)


def run(plan: Plan, runs: int) -> Series:
    """All turns of one scenario; prints each as it comes."""
    scenario = SCENARIOS[plan.scenario]
    options = plan.options or Options(scenario.seconds)
    turns: list[Turn] = []
    for turn in take_turns(scenario, options, plan.durability, plan.contestants, plan.runs or runs):
        turns.append(turn)
        figures = ", ".join(f"{title} {written(turn.figures.get(title))}" for title in scenario.columns[:3])
        print(f"  {turn.contestant}: {turn.trouble or figures}", file=sys.stderr)
    return Series(plan.scenario, plan.durability, turns)


def run_all(plans: Sequence[Plan], runs: int) -> Results:
    """One after the other."""
    began, when = time.monotonic(), datetime.now(UTC)
    series = []
    for plan in plans:
        print(f"{time.monotonic() - began:4.0f} s  {plan.scenario}, {plan.durability}", file=sys.stderr)
        series.append(run(plan, runs))
    about = {
        "Command": command_line(),
        "Date": f"{when:%Y-%m-%d}, {(time.monotonic() - began) / 60:.0f} minutes",
        **description(),
    }
    return Results(about, series)


def main() -> None:
    """Read the flags, measure, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.everything", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="turns of each server in a scenario (default 3)")
    parser.add_argument("--only", default="", help="scenarios, with commas between; all others keep their figures")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where figures are kept")
    given = parser.parse_args()
    chosen = given.only.split(",") if given.only else list(SCENARIOS)
    if unknown := set(chosen) - set(SCENARIOS):
        parser.error(f"--only: no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    results = run_all([plan for plan in PLANS if plan.scenario in chosen], given.runs)
    if given.only and given.results.exists():
        results = Results.read(given.results).replaced_by(results)
    given.results.write_text(json.dumps(results.plain(), indent=1) + "\n")
    report.write(results)


if __name__ == "__main__":
    main()
