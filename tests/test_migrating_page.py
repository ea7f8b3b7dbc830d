"""docs/migrating-from-gearmand.md against what it speaks of: gearmand's flags, ours, and the tests that it names."""

import re
import subprocess
import sys
from typing import NamedTuple

import pytest

from broker.flags import BY_NAME
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


@pytest.mark.parametrize("row", [row for row in ROWS if row.flag in BY_NAME], ids=lambda row: row.flag)
def test_what_the_page_says_of_a_flag_is_what_the_broker_makes_of_it(row: Row) -> None:
    words = [row.flag, VALUES.get(row.flag, "1")] if BY_NAME[row.flag].metavar else [row.flag]
    ended = subprocess.run(
        [sys.executable, "-m", "broker", "--check-args", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (ended.returncode == 1) == (row.here == "refused"), ended.stderr
    assert row.here in ("same", "no effect", "other words", "other numbers", "refused")


@pytest.mark.parametrize(("path", "name"), re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
def test_the_tests_that_the_page_names_exist(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("heading", re.findall(r'\| "([^"]+)" \|', PAGE))
def test_the_entries_of_the_compatibility_page_that_it_names_exist(heading: str) -> None:
    assert f"### {heading}\n" in (ROOT / "docs" / "compatibility.md").read_text("utf-8")
