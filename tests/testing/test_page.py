"""The blocks of docs/testing.md are tests that pass."""

import re
import subprocess
import sys
from pathlib import Path

from tests.programs import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "testing.md").read_text(), re.DOTALL)


def test_what_the_page_shows_passes(tmp_path: Path) -> None:
    for number, block in enumerate(BLOCKS):
        (tmp_path / f"test_block_{number}.py").write_text(block)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-o", "trio_mode=true", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert done.stdout.splitlines()[-1].startswith("6 passed"), done.stdout + done.stderr
