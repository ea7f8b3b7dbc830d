"""The way to one server, for trio."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

__all__ = ["Route"]


@dataclass(frozen=True, slots=True)
class Route:
    """One server: what errors call it, and how one gets there."""

    server: str
    dial: Callable[[], Awaitable[trio.abc.Stream]]
