"""``--daemon``: go on in the background, and let the command return when that is worth something.

The child keeps the terminal until it serves, so whatever keeps it from starting is read where it was started, and is
in the exit status. As in gearmand, the working directory stays, so that relative paths mean what was typed.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_UP: Final = b"!"
_STANDARD: Final = (0, 1, 2)


def detached(work: Callable[[Callable[[], None]], int]) -> int:
    """Run `work` in a child process and session of its own; must be called before anything is opened.

    In the parent this returns 0 as soon as the child calls what `work` is given, or 1 if it ends without that. In the
    child it returns what `work` returns.
    """
    _open_what_was_closed()
    flush()
    listening, telling = os.pipe()
    child = os.fork()
    if child:
        os.close(telling)
        return _wait_until_up(child, listening)
    os.close(listening)
    os.setsid()

    def up() -> None:
        leave_the_terminal()
        with suppress(BrokenPipeError):  # whoever started us has gone: nobody is kept waiting
            os.write(telling, _UP)
        os.close(telling)

    return work(up)


def leave_the_terminal() -> None:
    """Read and write nothing there any more."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in _STANDARD:
        os.dup2(nothing, descriptor)
    os.close(nothing)


def flush() -> None:
    """Write out what is in the buffers, before there are two processes that would, or none."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.flush()


def _wait_until_up(child: int, listening: int) -> int:
    """What the command returns: when the child is up, or has told what is wrong."""
    try:
        said = os.read(listening, len(_UP))
    except KeyboardInterrupt:  # the child has left the terminal, so Ctrl-C does not reach it
        os.kill(child, signal.SIGTERM)
        said = b""
    if said == _UP:
        return 0
    os.waitpid(child, 0)
    return 1


def _open_what_was_closed() -> None:
    """See that descriptors 0 to 2 are taken: a socket that got one of them would be cut off by `up`."""
    for descriptor in _STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free one, which is this
