"""docs/compatibility.md, made from what the dialogues declare: `python -m tests.dialogues.compatibility` writes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.dialogues.bugs import BUGS
from tests.dialogues.library import DIALOGUES, SUBJECTS, Subject
from tests.dialogues.notation import Dialogue
from tests.dialogues.summary import NOTICED

__all__ = ["PAGE", "write_page"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "compatibility.md"

HEAD: Final = """\
# Compatibility with gearmand

<!-- Made by `python -m tests.dialogues.compatibility` from the tables in tests/dialogues. Change those. -->

What speaks to gearmand speaks to this broker, unchanged. What differs, and why:

{noticed}
- [All differences](#all-differences), each with the conversation that shows it
- [Bugs of gearmand that are not copied](#bugs-of-gearmand-that-are-not-copied), numbered, with what shows it

## How this is known

{total} dialogues, tables of *send this, expect that*, are held with this broker and with gearmand 1.1.20 as Debian
has it, by the same test. In {same} of them both must say the same, byte for byte. In the other {differing} they differ
on purpose, and this page lists them all, with the reason: a difference that is not declared fails `make test`.

A line `client > ...` is what a peer sends, `client < ...` what it hears next. Lines that begin with `gearmand:` or
`ours:` were held with that server alone. `{{f}}`, `{{g}}` and `{{h}}` stand for names of functions, `{{u}}` and `{{v}}`
for uniques, names in capitals for handles; `tests/dialogues/notation.py` has the rest.
"""
BUG_HEAD: Final = """
## Bugs of gearmand that are not copied

What gearmand 1.1.20 gets wrong, or lays as a trap, and what happens here. What shows it is a dialogue of this page or a
test of the repository.

| # | gearmand | Here | Shown by |
|---|---|---|---|
"""


def _noticed() -> str:
    rows = ["| Matter | gearmand 1.1.20 | Here | Why |", "|---|---|---|---|"]
    rows += [f"| {row.matter} | {row.theirs} | {row.ours} | {row.why} |" for row in NOTICED]
    return "\n".join(rows) + "\n"


def _bugs() -> Iterator[str]:
    yield BUG_HEAD
    for bug in BUGS:
        shown_by = "<br>".join(f"`{name}`" if "::" in name else name for name in bug.shown_by)
        yield f"| {bug.number} | {bug.theirs} | {bug.ours} | {shown_by} |\n"


def _subjects() -> Iterator[str]:
    yield "\n| Subject | Dialogues | Differing |\n|---|---|---|\n"
    for subject in SUBJECTS:
        yield f"| {subject.title} | {len(subject.dialogues)} | {len(_differing(subject))} |\n"


def _differing(subject: Subject) -> list[Dialogue]:
    return [dialogue for dialogue in subject.dialogues if dialogue.differs]


def _difference(dialogue: Dialogue) -> str:
    lines = [line.strip() for line in dialogue.script.strip().splitlines()]
    flags = f"\nBoth servers were started with `{' '.join(dialogue.flags)}`.\n" if dialogue.flags else ""
    promise = dialogue.promise[0].upper() + dialogue.promise[1:]
    return f"\n#### {promise}\n\n{dialogue.because}\n{flags}\n" + "".join(f"    {line}\n" for line in lines)


def _page() -> Iterator[str]:
    differing = sum(dialogue.differs for dialogue in DIALOGUES.values())
    yield HEAD.format(noticed=_noticed(), total=len(DIALOGUES), same=len(DIALOGUES) - differing, differing=differing)
    yield from _subjects()
    yield "\n## All differences\n"
    for subject in SUBJECTS:
        found = _differing(subject)
        if found:
            yield f"\n### {subject.title}\n"
            yield from map(_difference, found)
    yield from _bugs()


def write_page() -> str:
    """The text of the page."""
    return "".join(_page())


if __name__ == "__main__":
    PAGE.write_text(write_page())
