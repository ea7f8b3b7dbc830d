"""Waiting for what a process writes to a file."""

import time
from pathlib import Path
from typing import Final

PATIENCE_SECONDS: Final = 60.0


class NotSaidError(Exception):
    """A file did not have a text in it after PATIENCE_SECONDS."""


def wait_for_line(path: Path, text: str) -> None:
    """Return when a file, which need not be there yet, contains this text."""
    last_moment = time.monotonic() + PATIENCE_SECONDS
    while not (path.exists() and text in path.read_text()):
        if time.monotonic() > last_moment:
            raise NotSaidError(f"{path}: {text}")
        time.sleep(0.01)  # a file that another process writes tells nobody that it grew
