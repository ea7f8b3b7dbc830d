"""docs/commands.md tells what the commands say today, and what it shows can be done."""

import re
import sys

import pytest

from client.__main__ import main as client
from tests.client.command_line.page import PAGE, with_todays_help
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess
from worker.__main__ import main as worker

PROGRAMS = {"client": client, "worker": worker}


def test_the_page_has_todays_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "110")

    def helped(command: str) -> str:
        _, _, program, *words = command.split()
        with pytest.raises(SystemExit) as ending:
            PROGRAMS[program](words)
        assert ending.value.code == 0
        return capsys.readouterr().out

    text = PAGE.read_text()
    assert text.count("--help\n") == 1 + 8 + 1
    assert with_todays_help(text, helped) == text, "run: python -m tests.client.command_line.page"


@ONE_SERVER
def test_the_commands_shown_run(
    server: ServerProcess, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = re.findall(r"^\$ python -m client (submit \w[^|<\n]*)$", PAGE.read_text(), re.MULTILINE)
    assert len(shown) >= 3
    for words in shown:
        monkeypatch.setattr(sys, "argv", ["client"])
        assert client([*re.sub("'", "", words).split(), "--server", server.address]) == 0
        assert capfd.readouterr().out.startswith("H:")
