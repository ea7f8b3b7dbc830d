"""The way to what is drawn on a terminal, which needs the library rich; plain output needs none."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from client.command_line.output import UnwritableError

if TYPE_CHECKING:
    from client.command_line.screen import Screen

__all__ = ["NoScreenError", "drawn_progress", "on_terminal", "screen"]

Draw: TypeAlias = Callable[[int, int], None]
Shown = TypeVar("Shown")

GONE = "the terminal is gone"


class NoScreenError(Exception):
    """The library that draws is not installed."""


def screen() -> "type[Screen]":
    """What draws; NoScreenError if it is not installed."""
    try:
        return cast("type[Screen]", import_module("client.command_line.screen").Screen)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("rich"):
            raise
        raise NoScreenError(
            f"drawing needs the library rich: {sys.executable} -m pip install rich (| cat and --json do without)"
        ) from error


@contextmanager
def on_terminal(view: AbstractContextManager[Callable[[Shown], None]]) -> Iterator[Callable[[Shown], None]]:
    """A view of standard output, which ends with its terminal, and gives that its cursor back if TERM ends it.

    Raises UnwritableError when the terminal has gone away: rich would go on, and draw nothing.
    """
    try:
        with _undone_by_term(), view as draw:

            def show(what: Shown) -> None:
                if not sys.stdout.isatty():
                    raise UnwritableError(GONE)
                draw(what)

            yield show
    except OSError as error:
        if sys.stdout.isatty():
            raise
        raise UnwritableError(GONE) from error


@contextmanager
def _undone_by_term() -> Iterator[None]:
    """In this block TERM raises SystemExit, so that what was done to the terminal is undone."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield  # it is not ours to handle
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # as shells have it


@contextmanager
def drawn_progress(name: str) -> Iterator[Draw]:
    """Draws how far a job has come, on standard error if that is a terminal and rich is there; else nothing."""
    if not sys.stderr.isatty():
        yield _draw_nothing
        return
    try:
        bars = screen()
    except NoScreenError:
        yield _draw_nothing  # the result is what was asked for
        return
    with _undone_by_term(), bars.one_bar(name) as draw:
        yield draw


def _draw_nothing(numerator: int, denominator: int) -> None:
    """Nobody looks, or nothing can be drawn."""
