"""Signals while there is no broker yet to obey them, and when there is none any more.

The store of our own is launched first (`broker.start`), and nobody's child: whoever killed us then by the system's
answer to a signal would leave it running. So what ends a broker is as Ctrl-C, which takes back what was begun.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2
from types import FrameType
from typing import Final

_ENDING: Final = (SIGTERM, SIGQUIT, SIGUSR1)
_OTHERS: Final = (SIGHUP, SIGUSR2)
_came: Final = list[int]()
"""What has come of those that end a start."""


@contextmanager
def signals_of_a_start() -> Iterator[None]:
    """In the block, what ends a broker raises KeyboardInterrupt, once; after it, all is done and nothing is heard."""
    for number in _ENDING:
        signal.signal(number, _end)
    for number in _OTHERS:
        signal.signal(number, _unheard)  # a handler, for what is ignored stays so in the programs that we start
    try:
        yield
    finally:
        _hear_no_more()


def end_if_told_to() -> None:
    """Raise KeyboardInterrupt if that came: where Python calls back by itself, as from imports, it swallows one."""
    if _came:
        raise KeyboardInterrupt


def hear_no_more() -> None:
    """The broker has ended: whoever wants that has it, and what is still to be removed is not left for his haste."""
    if signal.getsignal(SIGTERM) is _end:
        _hear_no_more()


def _hear_no_more() -> None:
    for number in (*_ENDING, *_OTHERS, SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    _came.append(number)
    for each in _ENDING:
        signal.signal(each, _unheard)  # what takes back what was begun is not to be cut short
    on_interrupt = signal.getsignal(SIGINT)
    if not callable(on_interrupt):  # as in a shell's background
        raise KeyboardInterrupt
    on_interrupt(SIGINT, frame)  # Python's own, or trio's, which knows when it may raise


def _unheard(number: int, frame: FrameType | None) -> None:
    """Nothing is done about it."""
