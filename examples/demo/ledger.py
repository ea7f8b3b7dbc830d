"""What truly happened to each mail, kept in a file outside of broker and store.

The mail transport appends a line when it begins a mail and one when the mail is out. The file is the only
witness: whatever the demo claims is counted from it.
"""

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Event = Literal["begun", "sent"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    event: Event
    handle: bytes
    payload: bytes
    at: float
    """Unix seconds."""


class Ledger:
    """The file, to be appended to by one process and read by another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def note(self, event: Event, handle: bytes, payload: bytes) -> None:
        """Appends an entry; it is in the file when this returns, whoever is killed next."""
        payload_text = b64encode(payload).decode()
        line = json.dumps([event, handle.decode(), payload_text, time.time()])
        with self._path.open("a") as file:
            file.write(line + "\n")

    def entries(self) -> Sequence[Entry]:
        """All entries in the order in which they were written."""
        lines = self._path.read_text().split("\n")[:-1]  # behind the last line end: nothing, or half a line
        return [
            Entry(event, handle.encode(), b64decode(payload), at)
            for event, handle, payload, at in map(json.loads, lines)
        ]

    def sent(self) -> Sequence[bytes]:
        """The handles of the mails that are out, in that order."""
        return [entry.handle for entry in self.entries() if entry.event == "sent"]

    def under_way(self) -> bytes | None:
        """The handle of the mail that was begun last, if it is not out."""
        entries = self.entries()
        return entries[-1].handle if entries and entries[-1].event == "begun" else None
