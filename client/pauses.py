"""How often one asks for the status of a job that is waited for."""

from protocol import ErrorCode

__all__ = ["STORE_IS_AWAY", "Pauses"]

STORE_IS_AWAY = ErrorCode.QUEUE_ERROR  # so a broker refuses a question while its Redis fails over: it passes

FIRST_SECONDS = 0.05  # most jobs are short, and a question costs a server next to nothing
LONGEST_SECONDS = 2.0
SLOWER = 1.5


class Pauses:
    """The pauses between questions, each longer than the one before."""

    def __init__(self) -> None:
        self._next_seconds = FIRST_SECONDS

    def reset(self) -> None:
        """From short ones again."""
        self._next_seconds = FIRST_SECONDS

    def next_seconds(self) -> float:
        """How long to wait now."""
        seconds = self._next_seconds
        self._next_seconds = min(seconds * SLOWER, LONGEST_SECONDS)
        return seconds
