"""docs/commands.md: the blocks that show `--help` are made by `python -m tests.client.command_line.page`."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.programs import ROOT

__all__ = ["PAGE", "with_todays_help"]

PAGE: Final = ROOT / "docs" / "commands.md"

HELP_BLOCK: Final = re.compile(r"```console\n\$ (python -m [^\n]* --help)\n.*?```", re.DOTALL)


def with_todays_help(text: str, run: Callable[[str], str]) -> str:
    """The page, with what the commands say now."""
    return HELP_BLOCK.sub(lambda block: f"```console\n$ {block[1]}\n{run(block[1])}```", text)


def helped(command: str) -> str:
    """What a command says."""
    words = [sys.executable, *shlex.split(command)[1:]]
    environment = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1"}
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=True, text=True).stdout


if __name__ == "__main__":
    page = Path(PAGE)
    page.write_text(with_todays_help(page.read_text(), helped))
