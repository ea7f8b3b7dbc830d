"""The log: gearmand's words for weights, its line, and a file that is opened again on SIGHUP.

`broker.syslog` may be given as one more place for the lines.

Everything in the house logs through the standard library, so a program that embeds a broker decides for
itself where lines go. This module is for ``python -m broker``, which owns its process and may therefore set
up the root logger.
"""

import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self, TextIO

from broker.terminal import complain

FATAL: Final = 60
"""The broker ends."""
ALERT: Final = 55
"""Somebody must act at once."""
NOTICE: Final = 25
"""Ordinary, and worth a line: starts, stops, a reopened log."""

LEVELS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "FATAL": FATAL,
        "ALERT": ALERT,
        "CRITICAL": logging.CRITICAL,
        "ERROR": logging.ERROR,
        "WARNING": logging.WARNING,
        "NOTICE": NOTICE,
        "INFO": logging.INFO,
        "DEBUG": logging.DEBUG,
    }
)
"""gearmand's names for weights, and where they stand among those of `logging`."""

_SAID_BY_ONE: Final = "said_by_one"
SAID_BY_ONE: Final[Mapping[str, object]] = MappingProxyType({_SAID_BY_ONE: True})
"""The `extra` of a line about what several processes share, as the configuration of their store: it is written once."""

# Function names and client ids come from strangers: their line ends must not forge lines, nor their escapes
# steer a terminal.
_VISIBLE: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}

_log: Final = logging.getLogger(__name__)


class BareFormatter(logging.Formatter):
    """``WARNING [ broker.session ] text``: for those who write down the time themselves."""

    def __init__(self, form: str = "%(levelname)s [ %(name)s ] %(visible)s") -> None:
        super().__init__(form, "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class spells it so
        """The line itself; a traceback follows it on lines of its own."""
        record.fraction = int(record.created % 1 * 1_000_000)
        record.visible = record.message.translate(_VISIBLE)
        return super().formatMessage(record)


class LineFormatter(BareFormatter):
    """``WARNING 2026-03-01 12:00:00.000000 [ broker.session ] text``: gearmand's, with our module."""

    def __init__(self, *, numbered: bool = False) -> None:
        """With `numbered`, it says which process wrote it, after the module, for files that several share."""
        who = "%(name)s, process %(process)d" if numbered else "%(name)s"
        super().__init__(f"%(levelname)7s %(asctime)s.%(fraction)06d [ {who} ] %(visible)s")


class LogFile(logging.FileHandler):
    """A file that lines are added to, that can be opened anew, and that does not fill the terminal."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: it cannot be opened for writing.
        """
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._failed = False

    def reopen(self) -> None:
        """Open the path again, after somebody moved the file away.

        Raises:
            OSError: it cannot be opened; lines go on into the old file.
        """
        self.acquire()
        try:
            fresh, old = self._open(), self.stream
            self.stream, self._failed = fresh, False
        finally:
            self.release()
        _close(old)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class spells it so
        """Say once, and not once a line, that lines are lost, for the disk is full perhaps."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._failed:
            self._failed = True
            complain(
                f"cannot write to the log file {self.baseFilename} ({error.strerror}); lines are lost: make room there"
            )


class Log:
    """The log of this process, for as long as the block lasts.

    An exception that leaves the block is written to a log *file* with its traceback; with the log on stderr
    Python itself puts it there. The root logger is found again as it was.
    """

    def __init__(self, target: str, level: str, *more: logging.Handler, numbered: bool = False) -> None:
        """Prepare it: nothing is opened before the block is entered.

        Args:
            target: a path, ``stderr`` or ``none``.
            level: one of the names in `LEVELS`, the least that is written.
            more: where lines go as well; closed at the end of the block.
            numbered: whether several processes write it, and lines say which one.
        """
        self._numbered = numbered
        self._target = target
        self._level = LEVELS[level]
        self._file: LogFile | None = None
        self._handler: logging.Handler = logging.NullHandler()
        self._more = more
        self._level_before = logging.NOTSET

    @property
    def is_file(self) -> bool:
        """Whether lines go to a file, so that the terminal does not see them."""
        return self._file is not None

    @property
    def is_on_stderr(self) -> bool:
        """Whether lines go to stderr, because that was asked for or the file could not be opened."""
        return isinstance(self._handler, logging.StreamHandler) and not self.is_file

    def __enter__(self) -> Self:
        for name, level in LEVELS.items():
            logging.addLevelName(level, name)
        self._handler = self._open()
        root = logging.getLogger()
        self._level_before = root.level
        root.setLevel(self._level)
        own = LineFormatter(numbered=self._numbered)
        for handler, formatter in ((self._handler, own), *((each, BareFormatter()) for each in self._more)):
            handler.setFormatter(formatter)
            root.addHandler(handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, Exception):
            self.tell_defect(error)
        root = logging.getLogger()
        root.setLevel(self._level_before)
        for handler in (self._handler, *self._more):
            root.removeHandler(handler)
            _close(handler)

    def tell_defect(self, error: Exception) -> None:
        """Write to a log file what ends this process; what leaves the block is told by itself."""
        if self.is_file:
            _log.log(FATAL, "ends by a defect; please report it with these lines", exc_info=error)

    def leave_to_the_first(self) -> None:
        """Of several processes of one command, this is not the one that says what all would: see `SAID_BY_ONE`."""
        for handler in (self._handler, *self._more):
            handler.addFilter(lambda record: not hasattr(record, _SAID_BY_ONE))

    def reopen(self) -> None:
        """Open the log file again, if there is one. Never raises: the log stays open and tells a failure."""
        if self._file is None:
            return
        _log.log(NOTICE, "SIGHUP, reopening log file")
        try:
            self._file.reopen()
        except OSError as error:
            _log.error(
                "cannot reopen %s (%s); the log goes on in the old file: mend that and send SIGHUP again",
                self._target,
                error.strerror,
            )
        else:
            _log.log(NOTICE, "log file opened")

    def _open(self) -> logging.Handler:
        if self._target == "none":
            return logging.NullHandler()
        if self._target == "stderr":
            return logging.StreamHandler()
        try:
            self._file = LogFile(Path(self._target))
        except OSError as error:
            # As gearmand does: a broker that runs and logs elsewhere is worth more than none.
            complain(f"--log-file: {self._target} cannot be opened ({error.strerror}); the log goes to stderr")
            return logging.StreamHandler()
        return self._file


def _close(writer: logging.Handler | TextIO | None) -> None:
    """Close what was written to. On a full disk that fails too, which has been told by then, line by line."""
    if writer is not None:
        with suppress(OSError):
            writer.close()
