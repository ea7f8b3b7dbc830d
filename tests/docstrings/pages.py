"""The Python that stands in pages of docs/, each block a program's part as a docstring's example is."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.programs import ROOT

__all__ = ["BLOCKS", "PAGES"]

PAGES = (ROOT / "docs" / "python.md",)
FENCED = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _blocks(page: Path) -> Mapping[str, str]:
    """By page and heading; a second block under a heading is counted."""
    blocks: dict[str, str] = {}
    for section in page.read_text().split("\n## "):
        for number, block in enumerate(FENCED.findall(section), 1):
            heading = section.partition("\n")[0].removeprefix("# ")
            blocks[f"{page.stem}: {heading}" + (f" ({number})" if number > 1 else "")] = block
    return blocks


BLOCKS = {name: block for page in PAGES for name, block in _blocks(page).items()}
