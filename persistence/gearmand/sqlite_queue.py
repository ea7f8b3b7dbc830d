"""The table of gearmand's `-q libsqlite3`: a row per background job, found by (unique, function).

Rows are read in the order of their rowid, which is the order of the submits. The file is opened for reading only,
unless rows are to be deleted.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from persistence.gearmand.entries import (
    BATCH_BYTES,
    BATCH_ENTRIES,
    MAX_PAYLOAD_BYTES,
    MAX_UNIQUE,
    Batch,
    Entry,
    Refused,
    SourceError,
)
from persistence.gearmand.serving import who_has_open
from protocol import Priority

COLUMNS: Final = ("unique_key", "function_name", "priority", "data", "when_to_run")
BUSY_SECONDS: Final = 5.0
_FIRST_ROW: Final = -(1 << 63)
_LAST_ROW: Final = (1 << 63) - 2
_MAX_TIME: Final = 1 << 53
"""Later times are no numbers to Redis, whose scores are doubles."""


def open_sqlite_queue(path: Path, table: str, *, to_delete: bool) -> "SqliteQueue":
    """Open it, and make sure that it is what it should be.

    Raises:
        SourceError: no such file, not SQLite, no such table, or a table with other columns.
    """
    if not path.is_file():
        what = f"{path} is no file" if path.exists() else f"there is no file {path}"
        raise SourceError(f"{what}: give --from the path that gearmand had as --libsqlite3-db")
    mode = "rw" if to_delete else "ro"
    with _told(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            timeout=BUSY_SECONDS,
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # one thread after the other
        )
    try:
        with _told(path):
            _check(connection, path, table)
    except BaseException:
        connection.close()
        raise
    return SqliteQueue(connection, path, table)


class SqliteQueue:
    """The queue in a table. Get it from `open_sqlite_queue`."""

    keeps_order = True

    def __init__(self, connection: sqlite3.Connection, path: Path, table: str) -> None:
        connection.text_factory = bytes  # names are bytes, whatever the column is called
        self._connection = connection
        self._path = path
        self._table = _quoted(table)
        self._next_row = _FIRST_ROW
        self.words = f"the SQLite file {path}, table {table}"

    def served_by(self) -> str:
        """The processes that have the file open, besides us; what this system or user cannot see is not told."""
        return who_has_open(self._path)

    def perhaps_served_by(self) -> str:
        """Nobody: there is nothing else to go by."""
        return ""

    def next_batch(self) -> Batch | None:
        """The next rows. Nothing is kept open or locked between two calls."""
        entries, refused, room = list[Entry](), list[Refused](), BATCH_BYTES
        with _told(self._path):
            rows = self._connection.execute(
                f"SELECT rowid, {', '.join(COLUMNS)} FROM {self._table} WHERE rowid >= ? ORDER BY rowid",
                (self._next_row,),
            )
            try:
                for row in rows:
                    self._next_row = min(row[0], _LAST_ROW) + 1
                    found = _read(row)
                    if isinstance(found, Refused):
                        refused.append(found)
                    else:
                        entries.append(found)
                        room -= len(found.payload)
                    if room <= 0 or len(entries) + len(refused) >= BATCH_ENTRIES:
                        break
            finally:
                rows.close()
        return Batch(entries, refused) if entries or refused else None

    def delete(self, entries: Sequence[Entry]) -> int:
        """Delete rows, all or none of them."""
        with _told(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                cursor = self._connection.executemany(
                    f"DELETE FROM {self._table} WHERE rowid = ? AND data IS ? AND priority = ?"
                    " AND unique_key = CAST(? AS TEXT) AND function_name = CAST(? AS TEXT)",
                    map(_place, entries),
                )
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()  # nothing where SQLite has done so: ROLLBACK would fail and hide why
                raise
        return cursor.rowcount

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _check(connection: sqlite3.Connection, path: Path, table: str) -> None:
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]
    if not found:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        there = f"it has {', '.join(tables)}" if tables else "it has none"
        raise SourceError(
            f"{path} has no table {table!r}; {there}: give --from-table what gearmand had as --libsqlite3-table"
        )
    if sorted(found) != sorted(COLUMNS):
        raise SourceError(
            f"table {table!r} of {path} has the columns {', '.join(found)}, and gearmand 1.1.20's has "
            f"{', '.join(COLUMNS)}: this is not a queue that can be imported"
        )


def _read(row: tuple[object, ...]) -> Entry | Refused:
    """A row as a job. SQLite lets a column hold anything, so every value is looked at."""
    number, unique, function, priority, data, when = row
    name = f"row {number}"
    if not isinstance(unique, bytes) or not isinstance(function, bytes):
        return Refused(name, "its unique or function is no text: mend or delete the row", "not text")
    cut = len(unique) == MAX_UNIQUE and unique.endswith(b"\0")
    if len(unique) > MAX_UNIQUE:
        why = f"its unique has {len(unique)} bytes, and {MAX_UNIQUE} are allowed: shorten it or delete the row"
        return Refused(name, why, "unique too long")
    if not isinstance(priority, int) or priority not in tuple(Priority):
        return Refused(name, f"its priority is {priority!r}; set it to 0 (high), 1 (normal) or 2 (low)", "priority")
    if not isinstance(when, int) or not 0 <= when < _MAX_TIME:
        return Refused(name, f"its when_to_run is {when!r}; set it to unix seconds, or 0 for at once", "time")
    if not isinstance(data, bytes | None):
        return Refused(name, "its data is neither blob nor text: mend or delete the row", "not data")
    payload = data or b""
    if len(payload) > MAX_PAYLOAD_BYTES:
        why = f"its payload has {len(payload)} bytes, and the store takes {MAX_PAYLOAD_BYTES}: run it in gearmand"
        return Refused(name, why, "payload too large")
    return Entry(
        name=name,
        function=function,
        unique=unique[:-1] if cut else unique,
        payload=payload,
        priority=Priority(priority),
        run_at=when,
        place=(number, data, unique),
        cut=cut,
    )


def _place(entry: Entry) -> tuple[object, ...]:
    """By what a row is found again, as long as it holds the same job: a rowid can be given out once more."""
    assert isinstance(entry.place, tuple)
    number, data, unique = entry.place
    return number, data, int(entry.priority), unique, entry.function


def _quoted(table: str) -> str:
    return '"' + table.replace('"', '""') + '"'


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's errors as one line of ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise SourceError(f"cannot read {path}: {error}; is it the file of gearmand's --libsqlite3-db?") from error
