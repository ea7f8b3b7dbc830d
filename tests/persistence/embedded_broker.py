"""A broker reduced to what the embedded store sees of one, to be run as a process of its own and killed.

    python -m tests.persistence.embedded_broker DIRECTORY [STEP]

It says `up PID-OF-THE-STORE MY-PID`, watches the store, and leaves when its standard input ends or says a line. With
STEP it kills itself after so many steps of its main task, that is in the middle of starting.
"""

import logging
import os
import signal
import sys
from pathlib import Path

import trio

from persistence.embedded import open_embedded_store
from persistence.errors import EmbeddedStoreError


class KillAtStep(trio.abc.Instrument):
    """Ends this process by SIGKILL before a task takes its n-th step."""

    def __init__(self, step: int) -> None:
        self._left = step

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Counts, and kills."""
        if task.name.endswith("main"):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def main(directory: Path) -> None:
    """Uses the store until it is told to leave."""
    async with open_embedded_store(directory) as store, trio.open_nursery() as nursery:
        nursery.start_soon(store.watch)
        say(f"up {store.pid} {os.getpid()}")
        await trio.lowlevel.wait_readable(0)
        nursery.cancel_scope.cancel()
    say("left")


def say(line: str) -> None:
    """One line for the test that waits for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.setpgrp()  # so that a test can signal this process group, and nobody else's
    # As a terminal would start it: a shell that runs the tests in the background has these ignored, by us too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    instruments = [KillAtStep(int(step)) for step in sys.argv[2:]]
    try:
        trio.run(main, Path(sys.argv[1]), instruments=instruments)
    except EmbeddedStoreError as error:
        sys.exit(f"cannot start: {error}")
