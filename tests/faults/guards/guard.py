"""One guard against a fault, and the test that fails without it."""

from typing import NamedTuple


class Guard(NamedTuple):
    """Some lines, and how to take out what they guard against."""

    fault: str
    """As in the design: a row of its table of faults."""
    what: str
    file: str
    """Under the root of the tree."""
    old: str
    """Stands there once."""
    new: str
    test: str
    """What fails without it, as pytest is told."""

    def row(self) -> str:
        """The row of the table."""
        return f"| {self.fault} | {self.what} | `{self.file}` | `{self.test}` |"
