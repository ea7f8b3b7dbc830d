"""The guards against faults, each taken out once: `python -m tests.faults.mutations` shows that a test then fails.

The guards are in tests/faults/guards, by what they guard against. Of a copy of the tree this takes one guard out, runs
the one test, puts the guard back, and prints the table that docs/reliability.md shows. The status is 1 when a test did
not notice. Words as arguments: only guards with one of these in their row.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.faults.guards import away, lost, peers, unfit
from tests.faults.guards.guard import Guard

ROOT: Final = Path(__file__).parents[2]
LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "dist", "node_modules")
TESTS_FAILED: Final = 1
"""The exit status of pytest; others mean that it did not come so far."""
LONGEST_SECONDS: Final = 240

GUARDS: Final = (*lost.GUARDS, *away.GUARDS, *unfit.GUARDS, *peers.GUARDS)


def page() -> str:
    """The table as the docs show it."""
    head = "| fault | guard | where | the test that fails without it |\n|---|---|---|---|\n"
    return head + "".join(f"{guard.row()}\n" for guard in GUARDS)


def is_noticed(guard: Guard, tree: Path) -> bool:
    """Whether the test fails in this copy of the tree without the guard, and does not fail with it."""
    if fails(guard.test, tree):
        raise RuntimeError(f"{guard.test} fails as it is")
    file = tree / guard.file
    whole = file.read_text("utf-8")
    assert whole.count(guard.old) == 1, f"{guard.file} has {guard.old!r} {whole.count(guard.old)} times"
    file.write_text(whole.replace(guard.old, guard.new), "utf-8")
    try:
        return fails(guard.test, tree)
    finally:
        file.write_text(whole, "utf-8")


def fails(test: str, tree: Path) -> bool:
    """Whether a test fails in this tree, or does not end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *test.split()]
    try:
        ran = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    if ran.returncode not in (0, TESTS_FAILED):
        raise RuntimeError(ran.stdout + ran.stderr)
    return ran.returncode == TESTS_FAILED


def main(words: list[str]) -> int:
    """The command."""
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="tg-mutations-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        for guard in GUARDS:
            if words and not any(word in guard.row() for word in words):
                continue
            noticed = is_noticed(guard, tree)
            unnoticed += not noticed
            print(guard.row() if noticed else f"NOT NOTICED: {guard.row()}", flush=True)
    return min(unnoticed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
