"""What holds for every client that was not told otherwise."""

from typing import Final

__all__ = ["CONNECT_TIMEOUT_SECONDS", "IN_FLIGHT", "MAX_BODY", "UNREAD_BYTES"]

CONNECT_TIMEOUT_SECONDS: Final = 10.0

MAX_BODY: Final = 64 * 1024 * 1024  # as the broker's default

IN_FLIGHT: Final = 1000
"""Submits; they cover a round trip of 20 ms at 50,000 a second."""

UNREAD_BYTES: Final = 16 * 1024 * 1024
"""Of one followed job's updates: a worker's burst fits, and a hundred jobs that nobody reads still fit memory."""
