"""The config file: the words of a command line, separated by spaces and line ends.

The form is gearmand's (Gearman protocol: the gearmand command line), with two differences. A word without a
dash is ignored as in gearmand, but told: ``port=4731`` must not look as if it worked, and a file that started
gearmand must start us. And a word that begins with ``#`` makes the rest of its line a comment, which in gearmand
happens to work as long as no word of the comment begins with a dash.
"""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from broker.command_line import CommandLine, Word, parse

DEFAULT: Final = Path("/etc/gearmand.conf")
"""Read when no other file is named, and not missed when it is not there."""


def read_config_file(path: Path = DEFAULT, *, needed: bool = True) -> CommandLine:
    """What a config file says; never raises, a file that cannot be read is a problem in the answer.

    One that is not needed may be missing; if it is there and cannot be read, that is worth a note, as gearmand would
    go on without it.
    """
    try:
        # Paths in it are the system's bytes, so undecodable ones pass as they do on a command line.
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if "\0" in text:
            raise OSError(errno.EINVAL, "it is no text")
    except OSError as error:
        if needed:
            problem = f"--config-file: {path} cannot be read ({error.strerror}); name a file of flags"
            return CommandLine(problems=(problem,))
        told = () if isinstance(error, FileNotFoundError) else (f"{path}: cannot be read ({error.strerror})",)
        return CommandLine(problems=told, strays=frozenset(told))
    line = parse(_words(text, path))
    misplaced = (f"{path}: --{action.replace('_', '-')} belongs on the command line" for action in line.actions)
    nested = (
        f"{given.where}: a config file names no other; leave it out" for given in line.given if _nests(given.field)
    )
    return CommandLine(line.given, frozenset(), (*line.problems, *sorted(misplaced), *nested), line.strays)


def _words(text: str, path: Path) -> Iterator[Word]:
    for number, line in enumerate(text.splitlines(), start=1):
        for word in line.split():
            if word.startswith("#"):
                break
            yield Word(word, f"{path}:{number}: ")


def _nests(field: str) -> bool:
    return field == "config_file"
