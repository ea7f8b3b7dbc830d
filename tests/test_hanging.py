"""A test that hangs fails with the line it hangs in, cleans up, and keeps no other from running."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

HANGING = """
import time
import pytest
import trio

@pytest.fixture
async def cleaned():
    try:
        yield
    finally:
        print("clean", "up")

@pytest.mark.timeout(1)
async def test_in_trio(cleaned):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        await trio.Event().wait()

@pytest.mark.timeout(1)
def test_outside():
    time.sleep(60)

async def test_that_passes():
    await trio.lowlevel.checkpoint()
"""


def test_what_hangs_fails_and_says_where_and_others_run(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(HANGING)
    pytest = [sys.executable, "-m", "pytest", "-p", "tests.hanging", "-c", str(ROOT / "pyproject.toml")]
    ended = subprocess.run(
        [*pytest, "--rootdir", str(tmp_path), str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ended.stdout.rstrip("= \n").rpartition("=")[2].startswith(" 2 failed, 1 passed")
    assert "test_it.py::test_in_trio hangs. What its tasks wait for:" in ended.stdout
    assert "in test_in_trio: await trio.Event().wait()" in ended.stdout
    assert "clean up" in ended.stdout
    assert "time.sleep(60)" in ended.stdout
    assert not ended.stderr
