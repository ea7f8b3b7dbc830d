"""Which Python files of a program have changed, for development: looks at them twice a second."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import trio

__all__ = ["SourceWatch"]

LOOK_SECONDS = 0.5

Stamps: TypeAlias = dict[Path, tuple[int, int]]


class SourceWatch:
    """The Python files below a folder, the current one if none is named; hidden folders and environments left out."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path.cwd()
        self._seen = self._look()

    async def wait_changed(self) -> str:
        """Returns the name of a file that is new, gone or different since this was last asked."""
        while True:
            before, self._seen = self._seen, await trio.to_thread.run_sync(self._look)
            changed = before.items() ^ self._seen.items()
            if changed:
                return str(min(path for path, _ in changed).relative_to(self._folder))
            await trio.sleep(LOOK_SECONDS)

    def _look(self) -> Stamps:
        """When each was last written, and how long it is."""
        stamps: Stamps = {}
        for path in _sources(self._folder):
            try:
                about = path.stat()
            except OSError:
                continue  # it is just being replaced, and is seen at the next look
            stamps[path] = about.st_mtime_ns, about.st_size
        return stamps


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if not _is_left_out(here / name)]
        yield from (here / name for name in files if name.endswith(".py"))


def _is_left_out(folder: Path) -> bool:
    return folder.name.startswith((".", "__pycache__", "node_modules")) or (folder / "pyvenv.cfg").exists()
