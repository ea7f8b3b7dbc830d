"""The blocks of docs/python.md, run as they stand."""

import re

import pytest

from tests.docstrings.running import run_example
from tests.processes import ServerProcess
from tests.programs import ROOT

TEXT = (ROOT / "docs" / "python.md").read_text()
BLOCKS = {
    section.partition("\n")[0]: block
    for section in TEXT.split("\n## ")[1:]
    for block in re.findall(r"```python\n(.*?)```", section, re.DOTALL)
}


def test_no_section_hides_a_second_block() -> None:
    assert len(BLOCKS) == TEXT.count("```python")


@pytest.mark.parametrize("name", BLOCKS)
async def test_what_the_page_shows_runs(server: ServerProcess, name: str) -> None:
    await run_example(BLOCKS[name], server, blocking="client.blocking" in BLOCKS[name])
