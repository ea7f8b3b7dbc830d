"""Tables within a page of docs/, between marks, so that a command can write them again and the rest stays."""

from pathlib import Path
from typing import Final

from bench.machine import description

PERFORMANCE: Final = Path(__file__).parent.parent / "docs" / "performance.md"


def marks(name: str) -> tuple[str, str]:
    """The lines before and behind a table."""
    return f"<!-- {name}: written by a command, not by hand -->", f"<!-- end of {name} -->"


def put(name: str, table: str, page: Path = PERFORMANCE) -> None:
    """Put a table, and where it was measured, between its marks."""
    begin, end = marks(name)
    before, _, rest = page.read_text().partition(begin)
    _, _, after = rest.partition(end)
    where = ", ".join(f"{title} {words}" for title, words in description().items())
    page.write_text(f"{before}{begin}\n\n{table}\n\n{where}.\n\n{end}{after}")
