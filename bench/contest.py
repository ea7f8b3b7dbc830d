"""Servers that take turns under the same scenario, and the table of what they did."""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import redis

from bench.contestants import ALL, ALWAYS, EVERYSEC, NotHereError, Running, open_redis, start
from bench.load import Load, LoadError
from bench.machine import cpu_seconds
from bench.measuring import LOAD_CPU, OTHERS, Measured, measure, warm_up
from tests.processes import ServerDidNotStartError
from tests.servers import ServerSilentError

__all__ = ["Options", "Scenario", "Turn", "cpu_seconds", "main", "open_redis", "take_turns", "under"]

CROWDS: Final = (1, 2, 5, 10, 20, 50, 100, 200)
QUIET_CORES: Final = 0.4
"""A turn in which others used more of the processors than this is taken again,"""
RETRIES: Final = 1
"""so often; of all the least disturbed counts."""


FAILURES: Final = (
    *(LoadError, ServerDidNotStartError, ServerSilentError, OSError, subprocess.SubprocessError, redis.RedisError),
    *(LookupError, ArithmeticError),  # a figure that nothing was measured for
)
"""What ends a turn, and not those after it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What may differ between two runs of a scenario."""

    seconds: float
    """How long a load lasts."""
    processes: int = 2
    """That make a load."""
    jobs: int = 100_000
    """Queued by scenarios that look at a queue, not at a rate."""
    depths: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    fill_seconds: float = 30.0
    """At most so long is a queue filled."""
    sleepers: int = 2000
    crowds: tuple[int, ...] = CROWDS
    """Numbers of clients, where these matter."""

    def fit(self, load: Load) -> Load:
        """This load, as long and from as many processes as these options say."""
        return replace(load, seconds=self.seconds, processes=self.processes)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A question, and how it is put to a server."""

    name: str
    question: str
    measure: Callable[[Running, Options], Measured]
    columns: tuple[str, ...]
    """The figures worth printing; the first decides."""
    seconds: float = 4.0
    contestants: tuple[str, ...] = ALL


class Turn(NamedTuple):
    """What one server did in one turn."""

    contestant: str
    round: int
    figures: Measured
    """Empty if it failed."""
    trouble: str
    """Empty unless it failed."""


def under(load: Load) -> Callable[[Running, Options], Measured]:
    """The measure of a scenario that is one load."""

    def take(running: Running, options: Options) -> Measured:
        return measure(running, options.fit(load))

    return take


def take_turns(
    scenario: Scenario, options: Options, durability: str, contestants: Sequence[str], runs: int
) -> Iterator[Turn]:
    """Each server with an empty queue, in another order each round. What is not installed takes no turn."""
    left = list(contestants)
    for number in range(runs):
        shift = number % len(contestants)
        for name in [*contestants[shift:], *contestants[:shift]]:
            if name in left:
                try:
                    yield _quietest_turn(scenario, options, durability, name, number)
                except NotHereError as error:
                    left.remove(name)
                    print(f"left out: {error}", file=sys.stderr)


def _quietest_turn(scenario: Scenario, options: Options, durability: str, name: str, number: int) -> Turn:
    best = Turn(name, number, {}, "not tried")
    for _ in range(RETRIES + 1):
        turn = _turn(scenario, options, durability, name, number)
        if not best.figures or (turn.figures and turn.figures[OTHERS] < best.figures[OTHERS]):
            best = turn
        if not best.figures or best.figures[OTHERS] <= QUIET_CORES:
            break
    return best


def _turn(scenario: Scenario, options: Options, durability: str, name: str, number: int) -> Turn:
    try:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            running = start(name, stack, directory, durability)
            warm_up(running)
            return Turn(name, number, scenario.measure(running, options), "")
    except FAILURES as error:
        said = str(error).strip().splitlines()
        return Turn(name, number, {}, f"{type(error).__name__}: {said[-1] if said else 'it said nothing'}")


def middle(turns: Sequence[Turn], figure: str) -> float | None:
    """The median of a figure over the turns that have it."""
    found = [turn.figures[figure] for turn in turns if figure in turn.figures]
    return statistics.median(found) if found else None


def ratios(turns: Sequence[Turn], others: Sequence[Turn], figure: str) -> list[float]:
    """Round by round, so that what disturbed both of a round does not show."""
    there = {turn.round: turn.figures[figure] for turn in others if turn.figures.get(figure)}
    return [
        turn.figures[figure] / there[turn.round] for turn in turns if figure in turn.figures and turn.round in there
    ]


def written(number: float | None) -> str:
    """A number as a table shows it."""
    if number is None:
        return "-"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def table(scenario: Scenario, turns: Mapping[str, Sequence[Turn]]) -> str:
    """Medians. The ratio is that of the first column, to the second server."""
    columns = [*scenario.columns, LOAD_CPU, OTHERS]
    reference = list(turns.values())[1] if len(turns) > 1 else []
    lines = [" " * 20 + "".join(f"  {title}" for title in [*columns, "ratio"])]
    for name, taken in turns.items():
        ratio = ratios(taken, reference, columns[0])
        cells = [written(middle(taken, title)) for title in columns]
        cells.append(written(statistics.median(ratio)) if ratio else "-")
        widths = [len(title) for title in [*columns, "ratio"]]
        lines.append(f"{name:<20}" + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
    lines += sorted(
        {f"{turn.contestant} failed: {turn.trouble}" for taken in turns.values() for turn in taken if turn.trouble}
    )
    return "\n".join(lines)


def main(scenario: Scenario) -> None:
    """Read the flags, let the servers take turns, print the table."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{scenario.name}", description=scenario.question)
    add = parser.add_argument
    add("--runs", type=int, default=3, help="turns of each server (default 3)")
    add("--seconds", type=float, default=scenario.seconds, help=f"of each load (default {scenario.seconds:g})")
    add("--processes", type=int, default=2, help="that make the load (default 2)")
    add("--durability", choices=(EVERYSEC, ALWAYS), default=EVERYSEC, help="Redis's appendfsync (default everysec)")
    add("--jobs", type=int, default=100_000, help="to queue, where a queue is looked at (default 100000)")
    add("--depths", default="1000,10000,100000,1000000", help="of the queue, where its length matters")
    add("--fill-seconds", type=float, default=30.0, help="at most so long is a queue filled (default 30)")
    add(
        "--only",
        default=",".join(scenario.contestants),
        help="servers, with commas between; the second is compared with",
    )
    given = parser.parse_args()
    contestants = tuple(given.only.split(","))
    if unknown := set(contestants) - set(scenario.contestants):
        parser.error(
            f"--only: no such server here: {', '.join(sorted(unknown))}; there are {', '.join(scenario.contestants)}"
        )
    depths = tuple(int(depth) for depth in given.depths.split(","))
    options = Options(given.seconds, given.processes, given.jobs, depths, given.fill_seconds)
    turns: dict[str, list[Turn]] = {}
    for turn in take_turns(scenario, options, given.durability, contestants, given.runs):
        turns.setdefault(turn.contestant, []).append(turn)
    print(scenario.question)
    print(f"{given.runs} turns of {given.seconds:g} s, appendfsync {given.durability}, medians")
    print(table(scenario, {name: turns[name] for name in contestants if name in turns}))
