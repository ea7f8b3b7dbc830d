"""The README's programs do what it says they do."""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import private_port
from tests.programs import ROOT, run_program

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, for a unix socket will be in it."""
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/tmp") as name:
        yield Path(name)


async def test_a_program_runs_a_broker_inside_as_the_readme_shows(folder: Path) -> None:
    (program,) = [block for block in BLOCKS if "open_broker(" in block]
    code = [line for line in program.splitlines() if line and not line.startswith(("import", "from"))]
    assert len(code) <= 6
    elsewhere = program.replace('"jobs"', repr(str(folder / "jobs"))).replace("4731", str(private_port()))
    said = await run_program(sys.executable, "-c", elsewhere)
    assert said.startswith("b'H:")
