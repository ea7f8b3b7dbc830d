"""The two things this process says to whoever started it: answers on stdout, complaints on stderr.

Neither may end it. A terminal can go away, a pipe's reader too, and a broker that was started with closed
descriptors has no ``sys.stdout`` at all.
"""

import os
import sys


def show(text: str) -> None:
    """Write lines to stdout, now and not when a buffer is full: scripts wait for them."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        # Nobody reads. What stays in the buffer would fail again as the interpreter ends, so it gets a sink
        # (the Python documentation's advice on SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(line: str) -> None:
    """Write one line to stderr, behind our name."""
    if sys.stderr is not None:
        sys.stderr.write(f"trio-gearman: {line}\n")
