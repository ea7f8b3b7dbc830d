"""Signals for a process without trio: numbers to read from a descriptor, in the order in which they came."""

import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_UNHEARD: Final = frozenset({signal.SIGHUP, signal.SIGUSR2})
"""What would end a process that is not ready for it, though it ends none that is."""


@contextmanager
def arriving(numbers: Iterable[signal.Signals]) -> Iterator[socket.socket]:
    """Where these signals can be read, a byte each, during the block; afterwards they act as before."""
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        # First the descriptor, then the handlers: what comes in between acts as before, and is not lost.
        wakeup_before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, _noted) for number in numbers}
        try:
            yield reading
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_before)


def _noted(number: int, frame: FrameType | None) -> None:
    """What arrives is in the descriptor already."""


@contextmanager
def held_back(numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Let these signals wait until the block ends, here and in whoever is forked inside it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forget(numbers: Iterable[signal.Signals]) -> None:
    """In a process forked inside `arriving`: let them act as in a new program, but for those that end none of ours."""
    signal.set_wakeup_fd(-1)
    for number in numbers:
        signal.signal(number, signal.SIG_IGN if number in _UNHEARD else signal.SIG_DFL)
