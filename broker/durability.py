"""How ``--durability`` and ``--function-durability`` are spelled, and what they mean to the store."""

import re
from typing import TYPE_CHECKING, Final

from persistence.durability import Durability

if TYPE_CHECKING:
    from broker.settings import Settings

REPLICAS: Final = re.compile(r"replica:([1-9][0-9]?)", re.ASCII)
"""More than 99 replicas have been seen nowhere."""
OF_FUNCTION: Final = re.compile(r"(.+)=replica:(0|[1-9][0-9]?)", re.ASCII | re.DOTALL)
SEVERAL: Final = re.compile(r"(?:(?<==replica:[0-9])|(?<==replica:[0-9][0-9])),(?=.)", re.DOTALL)
"""What may part several: behind a number of replicas, for a function's name may have commas, too."""


def durability_of(settings: "Settings") -> Durability:
    """What the store is to promise. The embedded store syncs, for we start it so; of another, nothing is known."""
    several = settings.function_durability or ()
    wanted = REPLICAS.fullmatch(settings.durability)
    return Durability(
        fsync=settings.durability == "fsync" or (settings.durability == "auto" and settings.redis is None),
        vouched=settings.vouch_fsync,
        replicas=int(wanted[1]) if wanted else 0,
        replicas_by_function=dict(map(read_function_durability, several)),
    )


def check_durability(value: str) -> str:
    """The value as it is. Raises ValueError when it is none."""
    if value not in ("auto", "memory", "fsync") and not REPLICAS.fullmatch(value):
        raise ValueError(f"{value!r} is none of auto, memory, fsync and replica:N, such as replica:1")
    return value


def read_function_durability(value: str) -> tuple[bytes, int]:
    """A function's name and its number of replicas, from ``sendEmail=replica:1``. Raises ValueError when it is none."""
    found = OF_FUNCTION.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no function's name and replica:N, such as sendEmail=replica:1")
    return found[1].encode("utf-8", "surrogateescape"), int(found[2])


def check_function_durability(value: str) -> str:
    """The value as it is. Raises ValueError when it is none."""
    read_function_durability(value)
    return value


def parted(value: object) -> object:
    """One text that names several, or several texts, as a tuple of texts that name one each."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return value
    return tuple(each.strip() for part in parts for each in SEVERAL.split(part))


def contradiction(settings: "Settings") -> str | None:
    """What of this does not go together, in one line that says what would."""
    durability = durability_of(settings)
    if durability.most_replicas and settings.redis is None:
        flag = "--function-durability" if not durability.replicas else "--durability"
        return f"{flag} asks for replicas, and the broker's own store has none: name a Redis that has by --redis"
    if settings.vouch_fsync and (settings.durability != "fsync" or settings.redis is None):
        return "--vouch-fsync vouches for a Redis: it goes with --redis and --durability=fsync"
    return None
