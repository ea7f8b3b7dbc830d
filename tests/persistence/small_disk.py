"""A disk of its own for a test that fills it, or finds it read-only."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
import trio

from tests.persistence.embedded_homes import kill_store
from tests.programs import missing


@contextmanager
def small_disk(kilobytes: int) -> Iterator[Path]:
    """A tmpfs of this size with a short path, unmounted at the end. Skips the test where none may be mounted."""
    if sys.platform != "linux" or os.geteuid() != 0:
        missing("only root on Linux may mount the small disk that this test needs; run it as root")
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/tmp") as path:
        options = f"size={kilobytes}k,mode=700"
        words = ["mount", "-t", "tmpfs", "-o", options, "trio-gearman-test", path]
        mounted = subprocess.run(words, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:  # in a container that forbids it, which nothing that CI installs would change
            pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        try:
            yield Path(path)
        finally:
            # A server whose locks are free already may have it as its working directory for a moment more.
            subprocess.run(["umount", "--lazy", path], check=True)


KILL_SECONDS = 10.0
"""How long a server may take to be gone."""


@asynccontextmanager
async def small_home(kilobytes: int) -> AsyncIterator[Path]:
    """A data directory on a disk of its own; at the end no server lives in it."""
    with small_disk(kilobytes) as disk:
        try:
            yield disk
        finally:
            with trio.move_on_after(KILL_SECONDS, shield=True):
                await kill_store(disk)


def fill(disk: Path, *, leave_bytes: int = 0) -> Path:
    """Fill a disk to its last byte but so many, by one file; deleted, it gives the room back."""
    path = disk / "filler"
    free = os.statvfs(disk)
    with suppress(OSError), path.open("wb") as file:  # somebody else may have taken the last bytes meanwhile
        file.write(bytes(free.f_bavail * free.f_frsize - leave_bytes))
    return path


def remount(disk: Path, option: str) -> None:
    """Change an option of a mounted disk: `ro`, `rw`."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)
