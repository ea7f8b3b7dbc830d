"""mypy, strict, on a file it must accept and one where it must find every error and no other.

`warn_unused_ignores` belongs to strict: an error that mypy does not find is an error of the file.
"""

from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.parametrize("name", ["accepted.py", "refused.py"])
def test_a_type_checker_checks_both_ends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said, complaint, status = api.run(["--strict", "--config-file", "pyproject.toml", str(HERE / name)])
    assert (status, complaint) == (0, ""), said
