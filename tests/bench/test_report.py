"""The table tells ratios round by round, what failed and what was disturbed; what was written by hand stays."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from bench.contest import Turn
from bench.contestants import BROKER, EVERYSEC, GEARMAND_REDIS
from bench.measuring import OTHERS
from bench.report import BEGIN, END, LAST, README, UNEXPLAINED, judge, verdict, write
from bench.results import Results, Series
from bench.rows import ROWS, Row

STEADY = ROWS[0]
TEXT = f"by hand\n{BEGIN}\nold\n{END}\nmore by hand\n{LAST}\n"


def results(*turns: Turn, scenario: str = STEADY.scenario) -> Results:
    return Results({"Command": "make bench"}, [Series(scenario, EVERYSEC, turns)])


def turn(contestant: str, number: int, rate: float, others: float = 0.0) -> Turn:
    return Turn(contestant, number, {STEADY.figure: rate, OTHERS: others}, "")


def test_a_ratio_is_taken_within_a_round() -> None:
    found = results(
        turn(BROKER, 0, 300), turn(GEARMAND_REDIS, 0, 100), turn(BROKER, 1, 10), turn(GEARMAND_REDIS, 1, 10)
    )
    judged = judge(STEADY, found)
    assert sorted(judged.values) == [1, 3]
    assert verdict(judged) == "as hoped"
    assert not judged.marks


def test_what_failed_and_what_was_disturbed_is_told() -> None:
    found = results(turn(BROKER, 0, 300, others=1.0), Turn(GEARMAND_REDIS, 0, {}, "OSError: it is away"))
    judged = judge(STEADY, found)
    assert verdict(judged) == "no figure"
    assert judged.marks == "gearmand-redis failed: OSError: it is away; others used the machine in 1 of 2 turns"


def test_a_bar_that_is_meant_for_more_processors_says_so() -> None:
    row = Row("bg_steady", "jobs/s", 1.3, 1.7, processors=4)
    small, large = (
        Results({"Processor": f"{number} x AMD EPYC"}, results(turn(BROKER, 0, 1)).series) for number in (2, 4)
    )
    assert judge(row, small).marks == "meant for 4 processors or more, of which this machine has 2"
    assert not judge(row, large).marks
    assert not judge(STEADY, results(turn(BROKER, 0, 1))).marks


def test_less_is_better_where_the_hope_is_below_the_bar() -> None:
    row = Row("herd", "server us/job", 0.1, 0.02)
    assert row.less_is_better
    assert row.reaches(0.01, row.hope)
    assert not row.reaches(0.2, row.bar)


def test_a_report_replaces_the_table_and_asks_once_why_a_row_is_short(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(TEXT)
    found = results(turn(BROKER, 0, 15), turn(GEARMAND_REDIS, 0, 10))
    write(found, readme, tmp_path / "pictures")
    write(found, readme, tmp_path / "pictures")
    text = readme.read_text()
    assert text.startswith("by hand\n")
    assert "\nmore by hand\n" in text
    assert "old" not in text
    assert text.count(f"### {STEADY.heading}\n\n{UNEXPLAINED}\n") == 1
    assert "| bg_steady | everysec | jobs/s | 15 | gearmand-redis: 10 | **1.5** |" in text


def test_a_picture_is_drawn_of_what_was_measured(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(TEXT)
    waits = {f"{what} {part} ms": 1.5 for what in ("created", "assigned") for part in ("p50", "p90", "p99", "p99.9")}
    write(results(Turn(BROKER, 0, waits, ""), scenario="bg_rate"), readme, tmp_path)
    assert "pictures/latency.svg" in readme.read_text()
    assert "pictures/queue.svg" not in readme.read_text()
    assert ElementTree.parse(tmp_path / "latency.svg").getroot().tag.endswith("svg")


def test_figures_come_back_from_their_file_as_they_went(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(json.dumps(results(turn(BROKER, 0, 15)).plain()))
    assert Results.read(file).turns("bg_steady", EVERYSEC, BROKER) == [turn(BROKER, 0, 15)]


def test_the_readme_has_the_places_that_a_report_fills() -> None:
    text = README.read_text()
    assert [text.count(mark) for mark in (BEGIN, END, LAST)] == [1, 1, 1]
