"""The page about the command line, and the unit file beside it, say what the flags are."""

import re
import shlex

import pytest

from broker.command_line import Word, parse
from broker.flags import BY_NAME
from broker.sources import read_settings
from tests.command_line.page import PAGE, write_page
from tests.programs import ROOT

UNIT = ROOT / "examples" / "systemd" / "trio-gearman.service"


def test_the_page_is_made_from_the_flags() -> None:
    assert PAGE.read_text() == write_page(), "run: python -m tests.command_line.page"


@pytest.mark.parametrize("name", BY_NAME)
def test_every_flag_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text()


def test_the_units_command_line_is_a_right_one() -> None:
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)
    program, *words = shlex.split(line)
    assert program.endswith("/trio-gearman")
    settings = read_settings(parse(map(Word, words)), {}).settings
    assert not settings.daemon
    assert str(settings.data_dir) == "/var/lib/trio-gearman"
