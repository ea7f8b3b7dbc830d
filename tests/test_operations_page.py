"""docs/operations.md explains every line that a broker logs as WARNING or heavier."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
TEXT: Final = (ROOT / "docs" / "operations.md").read_text()
PAGE: Final = " ".join(TEXT.split())
ALARMS: Final = frozenset({"warning", "error", "critical", "exception"})
LIGHT: Final = frozenset({"NOTICE", "logging.INFO", "logging.DEBUG"})
PLACEHOLDER: Final = re.compile(r"%(?:\.\d+)?[a-z]")


def alarms() -> Iterator[str]:
    """The forms of those lines."""
    for package in ("broker", "persistence"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from alarms_of(ast.parse(path.read_text()))


def alarms_of(module: ast.Module) -> Iterator[str]:
    constants = {
        statement.target.id: statement.value
        for statement in module.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    for call in ast.walk(module):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        if ast.unparse(call.func.value) not in ("log", "_log"):
            continue
        form: ast.expr | None = None
        if call.func.attr in ALARMS:
            form = call.args[0]
        elif call.func.attr == "log" and ast.unparse(call.args[0]) not in LIGHT:
            form = call.args[1]
        if isinstance(form, ast.Name):
            form = constants[form.id]
        if form is not None:
            assert isinstance(form, ast.Constant), f"{ast.unparse(form)} cannot be looked up"
            yield str(form.value)


def test_there_are_many_of_them() -> None:
    assert len(set(alarms())) > 30


@pytest.mark.parametrize("form", sorted(set(alarms()) - {"%s"}))
def test_the_page_explains(form: str) -> None:
    assert f"`{PLACEHOLDER.sub('…', form)}`" in PAGE


def test_the_page_explains_nothing_else() -> None:
    section = TEXT.partition("\n## What each alarm line means")[2].partition("\n## ")[0]
    shown = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    known = {PLACEHOLDER.sub("…", form) for form in alarms()} | {"Redis at … may lose jobs: …"}
    assert len(shown) > 30
    assert set(shown) <= known
