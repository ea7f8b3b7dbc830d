"""The scripts with small numbers in them, so that a short history reaches beyond every one."""

import hashlib
from dataclasses import dataclass
from typing import Final

from persistence.scripts import Script


@dataclass(frozen=True)
class Limits:
    """The numbers in the scripts, as far as the model has them too."""

    ghost_steps: int
    too_full_bytes: int


LIMITS: Final = Limits(ghost_steps=2, too_full_bytes=300)
SMALLER: Final = {
    "NOTICE_DEPTH = 128": "NOTICE_DEPTH = 3",
    "GHOST_STEPS = 100": f"GHOST_STEPS = {LIMITS.ghost_steps}",
    "local FULL_BYTES = 16777216": "local FULL_BYTES = 200",
    "TOO_FULL_BYTES = 67108864": f"TOO_FULL_BYTES = {LIMITS.too_full_bytes}",
    "FULL_SECONDS = 5": "FULL_SECONDS = 1000000",  # what depends on the clock has tests of its own
}


def made_small(script: Script) -> Script:
    """The same script, its numbers replaced."""
    text = script.text
    for number, smaller in SMALLER.items():
        text = text.replace(number, smaller)
    return Script(script.name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().encode())
