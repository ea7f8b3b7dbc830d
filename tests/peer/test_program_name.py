"""Client and worker call themselves what they were called."""

import subprocess
import sys
from pathlib import Path

import pytest

BESIDE_PYTHON = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ([sys.executable, "-m", "client"], "python -m client"),
        ([BESIDE_PYTHON / "trio-gearman-client"], "trio-gearman-client"),
        ([sys.executable, "-m", "worker"], "python -m worker"),
        ([BESIDE_PYTHON / "trio-gearman-worker"], "trio-gearman-worker"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_command_calls_itself_as_it_was_called(command: list[str | Path], name: str) -> None:
    wrong = subprocess.run([*command, "--no-such-flag"], check=False, capture_output=True, text=True)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f"{name}: ")
    assert wrong.stderr.endswith(f"(see {name} --help)\n")
    shown = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True)
    assert shown.stdout.startswith(f"usage: {name} ")
