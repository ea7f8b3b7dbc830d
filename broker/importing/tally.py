"""What came of an import: counted while it runs, told at its end."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from persistence import Adopted
from persistence.gearmand import Entry

MOST_FUNCTIONS: Final = 100
"""So many functions get a line of their own: a report is read by people."""


@dataclass(slots=True)
class Tally:
    """The counts. Its size depends on the number of functions and reasons, not of jobs."""

    dry_run: bool
    outcomes: Counter[Adopted] = field(default_factory=Counter)
    functions: Counter[bytes] = field(default_factory=Counter)
    """Imported or joined, by function."""
    refused: Counter[str] = field(default_factory=Counter)
    """By kind."""
    delayed: int = 0
    """Of the imported ones, those whose time is yet to come."""
    lone: Counter[bytes] = field(default_factory=Counter)
    """By function, the entries that may stand for several jobs."""
    cut: int = 0
    vanished: int = 0
    deleted: int = 0

    def count(self, entry: Entry, outcome: Adopted) -> None:
        """One entry was understood, and this became of it."""
        if outcome is Adopted.SEEN:
            return
        self.outcomes[outcome] += 1
        if entry.stands_for_several:
            self.lone[entry.function] += 1
        self.cut += entry.cut
        if outcome is not Adopted.KNOWN:
            self.functions[entry.function] += 1
        if outcome is Adopted.ADOPTED and entry.run_at > time.time():
            self.delayed += 1

    @property
    def found(self) -> int:
        """Every entry that was there to be read."""
        return self.outcomes.total() + self.refused.total()

    def lines(self, notes: Sequence[str], *, keeps_order: bool, deleting: bool) -> Iterator[str]:
        """The report, its last part what there is to know, `notes` included."""
        would = "would be " if self.dry_run else ""
        yield _line("found", self.found)
        yield _line(f"{would}imported", self.outcomes[Adopted.ADOPTED])
        yield _line("  of them delayed", self.delayed)
        yield _line(
            f"{would}joined", self.outcomes[Adopted.JOINED], "a job here has their unique: they are one with it"
        )
        yield _line("already there", self.outcomes[Adopted.KNOWN], "imported before, perhaps run since")
        yield _line("refused", self.refused.total(), "named above, with what to do")
        for kind, number in self.refused.most_common():
            yield _line(f"  {kind}", number)
        if deleting:
            yield _line("deleted at the source", self.deleted)
        yield from self._functions()
        told = [*self._notes(keeps_order), *notes]
        if told:
            yield "To know:"
            yield from (f"- {note}" for note in told)

    def _functions(self) -> Iterator[str]:
        if self.functions:
            yield "By function, imported or joined:"
        for name, number in self.functions.most_common(MOST_FUNCTIONS):
            yield _line(f"  {_shown(name)}", number)
        if len(self.functions) > MOST_FUNCTIONS:
            yield f"  ... and {len(self.functions) - MOST_FUNCTIONS} more functions"

    def _notes(self, keeps_order: bool) -> Iterator[str]:
        if self.vanished:
            yield f"{self.vanished} jobs were deleted while they were read: a gearmand still works on them; stop it"
        if self.lone:
            names = ", ".join(_shown(name) for name, _ in self.lone.most_common(5)) + (
                " ..." if len(self.lone) > 5 else ""
            )
            yield (
                f"{self.lone.total()} jobs have no unique of their own (empty, or -), in {names}: gearmand keeps only "
                "the last of those of one function, so others may be lost for good"
            )
        if self.cut:
            yield f"{self.cut} uniques had 64 bytes, of which gearmand kept 63; so many they have here"
        if self.functions and not keeps_order:
            yield "Redis keeps no order: jobs of one priority were queued as they were found"
        if self.outcomes[Adopted.KNOWN]:
            yield (
                "should gearmand have gone on with this queue after an earlier import, a job that equals an imported "
                "one counts as already there; --batch with another name imports it"
            )


def _line(what: str, number: int, remark: str = "") -> str:
    return f"{what:<24}{number:>9}{'   ' + remark if remark and number else ''}"


def _shown(name: bytes) -> str:
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() and text else repr(text)
