"""What a worker can do, as it was told and as it tells the server."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocol import CanDo, CanDoTimeout, Packet, SetClientId
from worker.job import Job

__all__ = ["Abilities", "Functions", "JobFunction", "TimeLimits", "abilities_of"]

JobFunction: TypeAlias = Callable[[Job], Awaitable[bytes | str | None]]
"""Does a job; what it returns is the result (text as UTF-8, None as nothing)."""

Functions: TypeAlias = Mapping[str, JobFunction] | Mapping[bytes, JobFunction] | Mapping[str | bytes, JobFunction]
"""Functions by name; three kinds of mapping, for a mapping's key type admits no subtypes."""

TimeLimits: TypeAlias = Mapping[str, float] | Mapping[bytes, float] | Mapping[str | bytes, float]
"""Seconds by function name."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """The functions of a worker, their time limits in milliseconds, and its name."""

    functions: Mapping[bytes, JobFunction]
    limits_ms: Mapping[bytes, int]
    client_id: bytes

    def registration(self) -> list[Packet]:
        """What to say first on a new connection.

        gearmand serves the last registered function first, so the order is turned round, as libgearman does:
        the function that was named first is served first.
        """
        packets: list[Packet] = [SetClientId(self.client_id)] if self.client_id else []
        for function in reversed(list(self.functions)):
            limit_ms = self.limits_ms.get(function)
            packets.append(CanDo(function) if limit_ms is None else CanDoTimeout(function, limit_ms))
        return packets


def abilities_of(
    functions: Functions,
    time_limits: TimeLimits,
    client_id: bytes | str,
) -> Abilities:
    """Checks what the caller wrote; ValueError says what is wrong with it."""
    named = {_as_bytes(name): function for name, function in functions.items()}
    if not named:
        raise ValueError("a worker needs at least one function")
    limits_ms = {_as_bytes(name): math.ceil(seconds * 1000) for name, seconds in time_limits.items()}
    for name, limit_ms in limits_ms.items():
        if name not in named:
            raise ValueError(f"a time limit for {name!r}, which is not among the functions")
        if limit_ms <= 0:
            raise ValueError(f"the time limit of {name!r} must be above 0 seconds")
    identity = _as_bytes(client_id)
    if any(character <= 0x20 for character in identity):
        raise ValueError(f"a client id has no spaces or control characters: {identity!r}")
    return Abilities(named, limits_ms, identity)


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
