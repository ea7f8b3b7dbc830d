"""What is said to show something: the promise of a dialogue, or a test as FILE::NAME."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

from tests.dialogues.library import DIALOGUES

__all__ = ["exists"]

ROOT: Final = Path(__file__).parents[2]


def exists(shown_by: str) -> bool:
    """Whether there is such a dialogue or test."""
    file, is_test, name = shown_by.partition("::")
    return name in _names_in(file) if is_test else shown_by in DIALOGUES


@cache
def _names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))
