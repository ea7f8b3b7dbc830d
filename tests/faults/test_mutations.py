"""The table of guards is about this code and these tests, and stands in the docs."""

import ast

import pytest

from tests.faults.guards.guard import Guard
from tests.faults.matrix import PAGE
from tests.faults.mutations import GUARDS, ROOT, page


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_every_guard_is_there_and_so_is_its_test(guard: Guard) -> None:
    assert (ROOT / guard.file).read_text("utf-8").count(guard.old) == 1
    file, _, name = guard.test.split()[0].partition("::")
    functions = [node.name for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))) if hasattr(node, "name")]
    assert name.partition("[")[0] in ("", *functions)


def test_the_guards_are_in_the_docs() -> None:
    assert page() in PAGE.read_text("utf-8")
