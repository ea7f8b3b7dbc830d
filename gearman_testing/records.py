"""What a program submitted, as the broker's process tells it to the tests'."""

import base64
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict

__all__ = ["PriorityName", "RecordedJob", "Told"]

PriorityName: TypeAlias = Literal["high", "normal", "low"]


class Told(TypedDict):
    """A job in JSON."""

    function: str
    payload: str
    unique: str
    priority: PriorityName
    background: bool
    delayed: bool
    reducer: str


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """One submit that reached the broker, in the order in which they did."""

    function: bytes
    payload: bytes
    unique: bytes = b""
    priority: PriorityName = "normal"
    background: bool = True
    """Nobody waits for it."""
    delayed: bool = False
    """It is to run later: at a time, or a minute of the calendar."""
    reducer: bytes = b""

    def told(self) -> Told:
        """For JSON."""
        return {
            "function": _written(self.function),
            "payload": _written(self.payload),
            "unique": _written(self.unique),
            "priority": self.priority,
            "background": self.background,
            "delayed": self.delayed,
            "reducer": _written(self.reducer),
        }

    @classmethod
    def heard(cls, told: Told) -> "RecordedJob":
        """From JSON."""
        return cls(
            base64.b64decode(told["function"]),
            base64.b64decode(told["payload"]),
            base64.b64decode(told["unique"]),
            told["priority"],
            told["background"],
            told["delayed"],
            base64.b64decode(told["reducer"]),
        )


def _written(data: bytes) -> str:
    return base64.b64encode(data).decode()
