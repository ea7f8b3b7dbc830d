"""The way to what is drawn on a terminal, which needs the library rich; plain output needs none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from client.command_line.screen import Screen

__all__ = ["NoScreenError", "drawn_progress", "screen"]

Draw: TypeAlias = Callable[[int, int], None]


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
    with bars.one_bar(name) as draw:
        yield draw


def _draw_nothing(numerator: int, denominator: int) -> None:
    """Nobody looks, or nothing can be drawn."""
