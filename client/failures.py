"""What is said of servers that could not be reached."""

from collections.abc import Sequence

from client.errors import CannotConnectError

__all__ = ["all_told", "told"]


def told(server: str, reason: str, error: Exception) -> CannotConnectError:
    """What one server had against it."""
    failure = CannotConnectError(f"cannot connect to {server}: {reason}")
    failure.__cause__ = error
    return failure


def all_told(failures: Sequence[CannotConnectError]) -> CannotConnectError:
    """What each of them had against it."""
    if len(failures) == 1:
        return failures[0]
    return CannotConnectError("; ".join(map(str, failures)))
