"""A broker as a history knows it: one life of it, the runs it was handed, what it said."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from persistence import Incarnation

PRIORITIES: Final = (0, 1, 2)


class Run(NamedTuple):
    """A job that was handed to a broker."""

    node: "Node"
    id: bytes
    attempt: int


class Said(NamedTuple):
    """A command that was sent, or should have been; it may come (once more) at any time."""

    script: str
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class Node:
    """One life of a broker, and what it remembers of itself."""

    name: Incarnation
    generation: int = 1
    last_number: int = 0
    last_claim: int = 0
    unanswered: set[int] = field(default_factory=set)
    may_hold_work: set[int] = field(default_factory=lambda: set(PRIORITIES))
    over: bool = False
