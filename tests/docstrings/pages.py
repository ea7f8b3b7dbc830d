"""The code that stands in pages of docs/.

A block of Python is a part of a program, as a docstring's example is. If its first line is a comment with the
name of a file, it is a whole program, which a test of its own runs.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.processes import ServerProcess
from tests.programs import ROOT

__all__ = ["BLOCKS", "PAGES", "write_program"]

DOCS = ROOT / "docs"
PAGES = (DOCS / "tutorial.md", DOCS / "python.md", *sorted((DOCS / "how-to").glob("*.md")))
FENCED = re.compile(r"^```(?:python|php)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"(?:<\?php )?(?:#|//) (\w+\.(?:py|php))\n")


def _sections(page: Path) -> Iterator[tuple[str, str]]:
    """Each heading and the blocks under it."""
    for section in page.read_text().split("\n## "):
        for block in FENCED.findall(section):
            yield section.partition("\n")[0].removeprefix("# "), block


def _blocks() -> Mapping[str, str]:
    """By page and heading; a second block under a heading has a number."""
    blocks: dict[str, str] = {}
    for page in PAGES:
        for heading, block in _sections(page):
            if NAMED.match(block) is None:
                name = f"{page.stem}: {heading}"
                blocks[f"{name} ({len(blocks)})" if name in blocks else name] = block
    return blocks


BLOCKS = _blocks()


def write_program(page: str, name: str, folder: Path, server: ServerProcess | None = None) -> Path:
    """The program of this name as the page has it, written to a file, for another server than the page's."""
    (program,) = (
        block
        for _, block in _sections(DOCS / page)
        if (named := NAMED.match(block)) is not None and named.group(1) == name
    )
    if server is not None:
        for theirs, ours in (("127.0.0.1:4730", server.address), ("'127.0.0.1', 4730", f"'127.0.0.1', {server.port}")):
            program = program.replace(theirs, ours)
    (folder / name).write_text(program)
    return folder / name
