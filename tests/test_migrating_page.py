"""docs/migrating-from-gearmand.md against what it speaks of: gearmand's flags, ours, and the tests that it names."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from broker.command_line import Word, parse
from broker.flags import BY_NAME
from broker.gearmand_flags import IGNORED, REFUSED, TRANSLATED
from broker.sources import SettingsError, read_settings
from tests.processes import GEARMAND
from tests.programs import ROOT, require_program

PAGE = (ROOT / "docs" / "migrating-from-gearmand.md").read_text("utf-8")

VALUES = {
    "--config-file": "/dev/null",
    "--file-descriptors": "1024",
    "--ssl-ca-file": "/dev/null",
    "--ssl-certificate": "/dev/null",
    "--ssl-key": "/dev/null",
    "--user": "nobody",
    "--verbose": "ERROR",
    "--queue-type": "builtin",
    "--listen": "localhost",
    "--worker-wakeup": "0",
    "--protocol": "http",
}
"""Values for flags that do not take any number."""

COMPANIONS = {"--ssl": ["--ssl-certificate", "/dev/null"]}
"""What a flag needs beside it."""


class Row(NamedTuple):
    flag: str
    here: str


ROWS = [
    Row(flag, here) for flag, here in re.findall(r"^\| (?:`-\w`, )?`(--[\w-]+)` \| ([^|]+?) \|", PAGE, re.MULTILINE)
]


def test_every_flag_of_gearmand_is_in_the_page_once() -> None:
    require_program(GEARMAND, "gearman-job-server")
    told = subprocess.run([GEARMAND, "--help"], capture_output=True, text=True, check=False).stdout
    flags = re.findall(r"^  (?:-\w \[ )?(--[a-z0-9-]+)", told, re.MULTILINE)
    assert len(flags) > 45
    assert sorted(row.flag for row in ROWS) == sorted(flags)


def test_the_page_says_of_the_flags_that_are_here_for_gearmands_sake_what_their_table_says() -> None:
    told = {kind: {row.flag for row in ROWS if row.here == kind} for kind in ("no effect", "other words", "refused")}
    assert told["no effect"] == {flag.name for flag in IGNORED} | {"--round-robin"}
    assert told["other words"] == {flag.name for flag in TRANSLATED}
    assert told["refused"] == {flag.name for flag in REFUSED}
    assert {row.here for row in ROWS} == {*told, "same", "other numbers"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.flag)
def test_what_the_page_says_of_a_flag_is_what_the_broker_makes_of_it(row: Row) -> None:
    words = [row.flag, VALUES.get(row.flag, "1")] if BY_NAME[row.flag].metavar else [row.flag]
    words += COMPANIONS.get(row.flag, [])
    problems: tuple[str, ...] = ()
    try:
        read_settings(parse(map(Word, words)), {}, default_config=Path("/nowhere/gearmand.conf"))
    except SettingsError as error:
        problems = error.problems
    assert bool(problems) == (row.here == "refused"), problems


@pytest.mark.parametrize(("path", "name"), re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
def test_the_tests_that_the_page_names_exist(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("heading", re.findall(r'\| "([^"]+)" \|', PAGE))
def test_the_entries_of_the_compatibility_page_that_it_names_exist(heading: str) -> None:
    assert f"### {heading}\n" in (ROOT / "docs" / "compatibility.md").read_text("utf-8")
