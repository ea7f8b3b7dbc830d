"""Words to flags: the syntax of the command line, and of the config file, which holds the same words.

``--long=value``, ``--long value``, ``-x value`` and ``-xvalue``; switches may be joined (``-Rj3``). No
abbreviations; an option given twice, an unknown option and a stray word are errors (Gearman
protocol: the gearmand command line; the joined forms were tried on gearmand 1.1.20). argparse is not used because
it stops at the first error, forgets where a word came from, and takes longer to import than everything here; what
a value may be is for `broker.settings` to say.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from broker.flag import Flag
from broker.flags import ACTIONS, BY_NAME
from broker.given import Given


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command line, wherever that line stands."""

    text: str
    at: str = ""
    """What messages about it begin with: nothing on the command line, ``path:line: `` in a file."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What the words said."""

    given: tuple[Given, ...] = ()
    actions: frozenset[str] = frozenset()
    """The fields' names of the `ACTIONS` that were asked for, such as ``help``."""
    problems: tuple[str, ...] = ()
    """One line for each word that is wrong, saying where and what would be right."""
    strays: frozenset[str] = frozenset()
    """Those of the problems that gearmand overlooks in a config file: words without a dash, mostly."""


def parse(words: Iterable[Word]) -> CommandLine:
    """Read flags. Never raises: what is wrong is told in `CommandLine.problems`, and the rest is read."""
    reader = _Reader(deque(words))
    while reader.words:
        reader.read_flag()
    return CommandLine(tuple(reader.given), frozenset(reader.actions), tuple(reader.problems), frozenset(reader.strays))


class _Reader:
    """The state of one parse: the words to come, and what the earlier ones said."""

    def __init__(self, words: deque[Word]) -> None:
        self.words = words
        self.given: list[Given] = []
        self.actions: set[str] = set()
        self.problems: list[str] = []
        self.strays: list[str] = []

    def read_flag(self) -> None:
        """Take one flag, with its value if it has one, off the words."""
        word = self.words.popleft()
        name, attached = _split(word.text)
        flag = BY_NAME.get(name)
        if flag is None:
            self._refuse_unknown(word, name)
        elif flag.metavar:
            self._take(flag, word.at + name, self._next_value() if attached is None else attached)
        elif attached is None or not _is_long(name):
            if attached:  # switches joined, -Rj3: the rest is the next word
                self.words.appendleft(Word("-" + attached, word.at))
            self._turn_on(flag, word.at + name)
        else:
            self.problems.append(f"{word.at}{name}: takes no value; give it alone")

    def _next_value(self) -> str:
        """The next word, if it is a value. That may begin with a dash (``-j -1``) but be no flag of ours."""
        if self.words and _split(self.words[0].text)[0] not in BY_NAME:
            return self.words.popleft().text
        return ""

    def _take(self, flag: Flag, where: str, value: str) -> None:
        if not value:
            self.problems.append(f"{where}: the value is missing; give {flag.right}")
        elif not flag.many and any(flag.field == earlier.field for earlier in self.given):
            self.problems.append(f"{where}: is given twice; give it once")
        else:
            self.given.append(Given(flag.field, value, where))

    def _turn_on(self, flag: Flag, where: str) -> None:
        if flag in ACTIONS:
            self.actions.add(flag.field)
        else:
            self._take(flag, where, "1")

    def _refuse_unknown(self, word: Word, name: str) -> None:
        if word.text == "--":  # the end of the flags, as usual; gearmand takes it too
            return
        if not word.text.startswith("-") or word.text == "-":
            self.strays.append(f"{word.at}{word.text!r} is a stray word; flags begin with a dash{_hint(word.text)}")
            self.problems.append(self.strays[-1])
        else:
            near = get_close_matches(name, BY_NAME, n=1) if _is_long(name) else []
            advice = f"did you mean {near[0]}?" if near else "see --help"
            self.problems.append(f"{word.at}{name}: there is no such flag; {advice}")
            if name == word.text and self.words and not self.words[0].text.startswith("-"):
                self.words.popleft()  # surely its value: one mistake, one line


def _is_long(name: str) -> bool:
    return name.startswith("--")


def _split(word: str) -> tuple[str, str | None]:
    """A word as the name of a flag and the value joined to it, None when there is none."""
    if _is_long(word):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    return word[:2], word[2:] or None


def _hint(word: str) -> str:
    """What a word without dashes was perhaps meant to be."""
    name = "--" + word.partition("=")[0].replace("_", "-")
    return f": did you mean {name}?" if name in BY_NAME else ""
