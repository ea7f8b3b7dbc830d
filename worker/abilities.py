"""What a worker can do, as it was told and as it tells the server."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocol import DEFAULT_MAX_BODY, CanDo, CanDoTimeout, Connection, LocalProtocolError, Packet, Role, SetClientId
from worker.job import Job

__all__ = [
    "Abilities",
    "Ability",
    "Functions",
    "JobFunction",
    "TimeLimits",
    "as_bytes",
    "checked_ability",
    "checked_client_id",
]

JobFunction: TypeAlias = Callable[[Job], Awaitable[bytes | str | None]]
"""Does a job; what it returns is the result (text as UTF-8, None as nothing)."""

Functions: TypeAlias = Mapping[str, JobFunction] | Mapping[bytes, JobFunction] | Mapping[str | bytes, JobFunction]
"""Functions by name; three kinds of mapping, for a mapping's key type admits no subtypes."""

TimeLimits: TypeAlias = Mapping[str, float] | Mapping[bytes, float] | Mapping[str | bytes, float]
"""Seconds by function name."""


@dataclass(frozen=True, slots=True)
class Ability:
    """One function: how a job of it is done, and how long that may take."""

    run: JobFunction
    limit_ms: int | None = None

    @property
    def limit_seconds(self) -> float:
        """The same, as trio wants it."""
        return math.inf if self.limit_ms is None else self.limit_ms / 1000


@dataclass(frozen=True, slots=True)
class Abilities:
    """The functions of a worker, and its name."""

    functions: Mapping[bytes, Ability]
    client_id: bytes = b""
    tracebacks: bool = True
    max_body: int = DEFAULT_MAX_BODY

    def registration(self) -> list[Packet]:
        """What to say first on a new connection.

        gearmand serves the last registered function first, so the order is turned round, as libgearman does:
        the function that was named first is served first.
        """
        packets: list[Packet] = [SetClientId(self.client_id)] if self.client_id else []
        for name, ability in reversed(list(self.functions.items())):
            packets.append(_can_do(name, ability.limit_ms))
        return packets


def checked_ability(name: bytes, run: JobFunction, seconds: float | None) -> Ability:
    """A function with its time limit in seconds; ValueError if that is none, or a server cannot be told of it."""
    ability = Ability(run, _checked_limit(name, seconds))
    _must_be_sayable(_can_do(name, ability.limit_ms))
    return ability


def _checked_limit(name: bytes, seconds: float | None) -> int | None:
    """A time limit in milliseconds; ValueError if it is none."""
    if seconds is None:
        return None
    if not 0 < seconds < math.inf:
        raise ValueError(f"the time limit of {name!r} must be above 0 seconds")
    return math.ceil(seconds * 1000)


def checked_client_id(client_id: bytes | str) -> bytes:
    """A name that the server's listing can hold; ValueError if it cannot."""
    if not isinstance(client_id, bytes | str):
        raise TypeError(f"a client id is bytes or text, not {type(client_id).__name__}")
    identity = as_bytes(client_id)
    if any(character <= 0x20 for character in identity):
        raise ValueError(f"a client id has no spaces or control characters: {identity!r}")
    _must_be_sayable(SetClientId(identity))
    return identity


def as_bytes(text: str | bytes) -> bytes:
    """Text is UTF-8 on the wire."""
    return text.encode() if isinstance(text, str) else text


def _can_do(name: bytes, limit_ms: int | None) -> CanDo | CanDoTimeout:
    return CanDo(name) if limit_ms is None else CanDoTimeout(name, limit_ms)


def _must_be_sayable(packet: Packet) -> None:
    """Now, where it is told to whoever registers, and not out of the nursery of every connection."""
    try:
        Connection(Role.PEER).send(packet)
    except LocalProtocolError as error:
        raise ValueError(f"no server can be told of it: {error}") from error
