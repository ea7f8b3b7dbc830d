"""The log file that the embedded Valkey server keeps: how long it may grow, and why a server ended.

A line is `pid:role date level text`; level `#` is a warning, and what a server says before it gives up
is one.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

LONGEST_LOG_BYTES = 4 * 1024 * 1024
"""Looked at when a server starts. It writes some lines for each rewrite of its file, nothing for a job."""
LONGEST_READ_BYTES = 64 * 1024
LONGEST_WORDS = 400
WARNING = re.compile(rb"^\d+:\S+ [^#*]*# (.*)$", re.MULTILINE)
CHATTER = b"WARNING Memory overcommit"
"""Advice for the whole machine that every start repeats; it explains no end."""
CRASH = b"crashed by signal"
"""A crash report follows, hundreds of lines of level `#`."""


def log_size(log: Path) -> int:
    """How many bytes the log has; 0 when there is none."""
    with suppress(FileNotFoundError):
        return log.stat().st_size
    return 0


def turn_over(log: Path) -> None:
    """Put a log that has grown too long aside as `.old`, over the one before. Only while no server runs."""
    if log_size(log) > LONGEST_LOG_BYTES:
        log.replace(log.with_suffix(".old"))


def last_words(log: Path, since: int) -> str:
    """Why the server ended, in its own words, on one line; empty when it left none.

    Args:
        log: the log file; it may be missing.
        since: how long the log was at a time when that server had not ended yet, in bytes.
    """
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(since, log_size(log) - LONGEST_READ_BYTES))
        warnings = [text.strip() for text in WARNING.findall(file.read())]
        said = [text for text in warnings if text and CHATTER not in text]
        crash = [text for text in said if CRASH in text]
        words = b"; ".join(crash[:1] or said[-2:])  # two: the cause, and what became of it
        return words.decode(errors="replace")[:LONGEST_WORDS]
    return ""
