"""Which Python the environment is made with."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT


def python(folder: Path, name: str, version: str, *, makes_environments: bool = True) -> Path:
    """A program that says that it is this Python."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = -V ] && exec echo Python {version}\nexit {0 if makes_environments else 1}\n')
    path.chmod(0o755)
    return path


def chosen(folder: Path, *words: str) -> tuple[str, str]:
    """What `make` takes where `python3` is the one in this folder, and what it says besides."""
    path = f"{folder}:{os.environ['PATH']}"
    command = ["make", "-s", "--eval", "chosen:; @echo $(PYTHON)", "chosen", *words]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


@pytest.mark.parametrize(
    ("version", "makes_environments", "is_taken"),
    [("3.11.2", True, True), ("3.12.1", True, False), ("3.1.9", True, False), ("3.11.2", False, False)],
)
def test_the_system_s_python_goes_first_where_it_is_the_same(
    tmp_path: Path, version: str, makes_environments: bool, is_taken: bool
) -> None:
    python(tmp_path, "python3", "3.11.7")
    system = python(tmp_path, "system", version, makes_environments=makes_environments)
    assert chosen(tmp_path, f"SYSTEM={system}") == (str(system) if is_taken else "python3", "")


def test_a_system_without_python_is_none(tmp_path: Path) -> None:
    python(tmp_path, "python3", "3.11.7")
    assert chosen(tmp_path, f"SYSTEM={tmp_path / 'nothing'}") == ("python3", "")


def test_another_may_be_named(tmp_path: Path) -> None:
    python(tmp_path, "python3", "3.11.7")
    assert chosen(tmp_path, "PYTHON=python3.13") == ("python3.13", "")
