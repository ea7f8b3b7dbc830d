"""``python -m broker``, also installed as ``trio-gearman`` and ``gearmand``: from words to an exit status.

Three stages, each imported when it is reached, by name and not at the top. ``--help`` and ``--version``
answer after 50 milliseconds instead of 500, wrong flags are told where trio or the store cannot even be
imported, and ``--check-args`` in a unit file costs little. The last is in two parts (`broker.start`).
"""

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from broker.command_line import CommandLine, Word, parse
from broker.terminal import complain, show
from broker.usage import usage, version

if TYPE_CHECKING:
    from broker.sources import Reading


def as_gearmand() -> int:
    """The same by the name ``gearmand``, in whose place we are then: two defaults are as there (`broker.heritage`)."""
    return main(as_gearmand=True)


def main(*, as_gearmand: bool = False) -> int:
    """Run the command line of this process; returns its exit status: 0, or 1 when it could not be obeyed."""
    if sys.argv[1:2] == ["import"]:
        imported: int = import_module("broker.importing.command").main(sys.argv[2:])
        return imported
    try:
        return _obey(as_gearmand=as_gearmand)
    except KeyboardInterrupt:  # Ctrl-C before there was a broker to hear it: a stop that was asked for
        return 0


def _obey(*, as_gearmand: bool) -> int:
    gc.disable()  # what is imported stays: looking for garbage among it costs more than it finds
    line = parse(map(Word, sys.argv[1:]))
    if "help" in line.actions:
        show(usage())
        return 0
    if "version" in line.actions:
        show(version())
        return 0
    reading = _read(line, as_gearmand=as_gearmand)
    if reading is None:
        return 1
    if "check_args" in line.actions:
        for note in reading.notes:  # a start would log them
            complain(note)
        unfit: list[str] = import_module("broker.checking").unfit(reading.settings)
        for problem in unfit:
            complain(problem)
        return 1 if unfit else 0
    status: int = import_module("broker.start").start(reading)
    return status


def _read(line: CommandLine, *, as_gearmand: bool) -> "Reading | None":
    """The settings; None when they are wrong, which has then been told."""
    sources = import_module("broker.sources")
    try:
        reading: Reading = sources.read_settings(line, os.environ, as_gearmand=as_gearmand)
    except sources.SettingsError as error:
        for problem in error.problems:
            complain(problem)
        return None
    return reading


if __name__ == "__main__":
    sys.exit(main())
