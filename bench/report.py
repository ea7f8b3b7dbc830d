"""Writes the table and the pictures of bench/README.md from the figures of the last run, without measuring.

What the README says by hand stays: the table stands between two marks. A row that stays short of what is hoped for gets
a heading at the end of the section that explains such rows, unless it has one.
"""

import argparse
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from bench.contest import CROWDS, QUIET_CORES, Turn, middle, ratios, written
from bench.contestants import BROKER, EVERYSEC, GEARMAND_MEMORY, GEARMAND_REDIS
from bench.measuring import LOAD_CPU, OTHERS, PERCENTILES
from bench.pictures import Chart
from bench.results import RESULTS, Results
from bench.rows import ROWS, Row
from bench.scenarios import SCENARIOS

README: Final = Path(__file__).parent / "README.md"
PICTURES: Final = Path(__file__).parent / "pictures"
BEGIN: Final = "<!-- figures: written by `make bench`, not by hand -->"
END: Final = "<!-- end of the figures -->"
LAST: Final = "<!-- more rows are added here by `make bench` -->"
UNEXPLAINED: Final = "What bounds it has not been looked into yet."
SERVERS: Final = (BROKER, GEARMAND_REDIS, GEARMAND_MEMORY)
BUSY_LOAD: Final = 0.9
"""Of a processor: above it, it may be the load that was measured."""


class Judged(NamedTuple):
    """What came of a row: the value that is judged, its spread, and the two figures behind a ratio."""

    row: Row
    values: list[float]
    ours: float | None
    theirs: float | None
    marks: str
    """What a reader must know: a turn that failed, a machine that was busy."""

    @property
    def value(self) -> float | None:
        """The median."""
        return statistics.median(self.values) if self.values else None

    @property
    def is_short(self) -> bool:
        """Whether it stays below what is hoped for."""
        return self.value is not None and not self.row.reaches(self.value, self.row.hope)


def judge(row: Row, results: Results) -> Judged:
    """One row of the table."""
    ours = results.turns(row.scenario, row.durability, row.contestant)
    theirs = results.turns(row.scenario, row.durability, row.against) if row.against else []
    if row.against:
        values = ratios(ours, theirs, row.figure)
    else:
        values = [turn.figures[row.figure] for turn in ours if row.figure in turn.figures]
    marks = "; ".join([*_marks([*ours, *theirs]), *_lacks(row, results)])
    return Judged(row, values, middle(ours, row.figure), middle(theirs, row.figure), marks)


def _marks(turns: list[Turn]) -> Iterator[str]:
    if not turns:
        yield "not measured"
    yield from sorted({f"{turn.contestant} failed: {turn.trouble}" for turn in turns if turn.trouble})
    if busy := sum(turn.figures.get(OTHERS, 0.0) > QUIET_CORES for turn in turns):
        yield f"others used the machine in {busy} of {len(turns)} turns"
    if loaded := sum(turn.figures.get(LOAD_CPU, 0.0) > BUSY_LOAD for turn in turns):
        yield f"the load was the bound in {loaded} of {len(turns)} turns"


def _lacks(row: Row, results: Results) -> Iterator[str]:
    found = results.about.get("Processor", "").partition(" x ")[0]
    if found.isdigit() and int(found) < row.processors:
        yield f"meant for {row.processors} processors or more, of which this machine has {found}"


def verdict(judged: Judged) -> str:
    """In a word or two."""
    row, value = judged.row, judged.value
    if value is None:
        return "no figure"
    if row.reaches(value, row.hope):
        return "as hoped"
    return "above the bar" if row.reaches(value, row.bar) else "**below the bar**"


def line(judged: Judged) -> str:
    """As the table shows it."""
    row, values = judged.row, judged.values
    against = f"{row.against}: {written(judged.theirs)}" if row.against else "-"
    spread = f"{written(min(values))} to {written(max(values))}" if values else "-"
    cells = (
        row.scenario,
        row.durability,
        row.figure,
        written(judged.ours),
        against,
        f"**{written(judged.value)}**",
        spread,
        f"{'at most' if row.less_is_better else 'at least'} {row.bar:.3g}",
        f"{row.hope:.3g}",
        "; ".join(filter(None, (verdict(judged), judged.marks))),
    )
    return "| " + " | ".join(cells) + " |"


def figures(results: Results, judged: list[Judged]) -> str:
    """All that stands between the marks."""
    titles = ("Scenario", "appendfsync", "Figure", "Ours", "Against", "Judged", "Spread", "Bar", "Hoped for", "")
    about = [f"| {title} | {words} |" for title, words in results.about.items()]
    names = [name for name, chart in charts(results).items() if any(chart.lines.values())]
    return "\n".join(
        [
            BEGIN,
            "",
            *["| | |", "|---|---|", *about, ""],
            *["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles), *map(line, judged), ""],
            *(f"![{name}](pictures/{name}.svg)" for name in names),
            *_all_figures(results),
            "",
            END,
        ]
    )


def _all_figures(results: Results) -> Iterator[str]:
    """A table for each scenario: medians of what each server did."""
    for series in results.series:
        scenario = SCENARIOS[series.scenario]
        columns = [*scenario.columns, LOAD_CPU, OTHERS]
        names = list(dict.fromkeys(turn.contestant for turn in sorted(series.turns, key=lambda turn: turn.round)))
        first = scenario.question.splitlines()[0]
        yield from ("", f"`{series.scenario}`, appendfsync {series.durability}: {first}", "")
        yield "| | " + " | ".join(columns) + " |"
        yield "|" + "---|" * (len(columns) + 1)
        for name in names:
            turns = [turn for turn in series.turns if turn.contestant == name]
            yield f"| {name} | " + " | ".join(written(middle(turns, title)) for title in columns) + " |"


def charts(results: Results) -> Mapping[str, Chart]:
    """The pictures by the names of their files."""
    return {"clients": _clients(results), "latency": _latency(results), "queue": _queue(results)}


def _clients(results: Results) -> Chart:
    lines = {}
    for name in SERVERS:
        turns = results.turns("crowd", EVERYSEC, name)
        found = [(float(clients), middle(turns, f"jobs/s of {clients}")) for clients in CROWDS]
        lines[name] = [(clients, rate) for clients, rate in found if rate is not None]
    ticks = {float(clients): str(clients) for clients in CROWDS}
    return Chart("Background jobs a second", "clients that wait for their answers", "jobs/s", ticks, _drawn(lines))


def _latency(results: Results) -> Chart:
    lines = {}
    for name in SERVERS:
        turns = results.turns("bg_rate", EVERYSEC, name)
        for what, said in {"created": "accepted", "assigned": "with a worker"}.items():
            if name == GEARMAND_MEMORY and what == "created":
                continue  # five lines are all that one can tell apart
            found = [(1 / (1 - part), middle(turns, f"{what} {title} ms")) for title, part in PERCENTILES.items()]
            lines[f"{name}, {said}"] = [(place, wait) for place, wait in found if wait is not None]
    ticks = {1 / (1 - part): title for title, part in PERCENTILES.items()}
    title = "From submit, at 1,000 background jobs a second"
    return Chart(title, "percentile", "ms", ticks, _drawn(lines), logarithmic=True)


def _queue(results: Results) -> Chart:
    depths = (1_000, 10_000, 100_000, 1_000_000)
    lines = {}
    for name in SERVERS:
        turns = results.turns("scaling", EVERYSEC, name)
        found = [(float(depth), middle(turns, f"us/job at {depth:,}")) for depth in depths]
        lines[name] = [(depth, cost) for depth, cost in found if cost is not None]
    ticks = {float(depth): f"{depth:,}" for depth in depths}
    return Chart("Submit, claim and end of a job", "jobs queued meanwhile", "us", ticks, _drawn(lines))


def _drawn(lines: Mapping[str, list[tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    return {name: points for name, points in lines.items() if points}


def explained(text: str, judged: list[Judged]) -> str:
    """With a heading for each row that is short and has none."""
    for one in judged:
        if one.is_short and f"### {one.row.heading}\n" not in text:
            text = text.replace(LAST, f"### {one.row.heading}\n\n{UNEXPLAINED}\n\n{LAST}")
    return text


def write(results: Results, readme: Path = README, pictures: Path = PICTURES) -> None:
    """Table, headings and pictures."""
    judged = [judge(row, results) for row in ROWS]
    text = readme.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(explained(before + figures(results, judged) + after, judged))
    pictures.mkdir(exist_ok=True)
    for name, chart in charts(results).items():
        if chart.lines:
            (pictures / f"{name}.svg").write_text(chart.svg())
    print("\n".join(f"{verdict(one):<17} {written(one.value):>8}  {one.row.heading}  {one.marks}" for one in judged))


def main() -> None:
    """Read the figures, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where figures are kept")
    given = parser.parse_args()
    if not given.results.exists():
        parser.error(f"{given.results} does not exist; make bench writes it")
    write(Results.read(given.results))


if __name__ == "__main__":
    main()
