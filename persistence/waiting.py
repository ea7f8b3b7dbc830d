"""Waiting for a lock that processes share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from persistence.filelock import FileLock

FIRST_LOOK_SECONDS = 0.002
LAST_LOOK_SECONDS = 0.05
"""How long a wait for a lock may oversleep. To block in flock(2) takes a thread that nothing can cancel."""


async def wait_alone(lock: FileLock) -> None:
    """Take the lock alone, waiting for it as long as it takes. Cancelled, it is not taken."""
    pause = FIRST_LOOK_SECONDS
    while not lock.try_exclusive():
        await trio.sleep(pause)
        pause = min(pause * 2, LAST_LOOK_SECONDS)


@asynccontextmanager
async def alone_with(path: Path) -> AsyncIterator[None]:
    """Hold the lock of `path` alone for the length of the block, waiting for it first.

    Raises:
        OSError: the file cannot be opened.
    """
    with FileLock(path) as lock:
        await wait_alone(lock)
        yield
