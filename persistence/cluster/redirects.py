"""What a node says that has not done what it was asked, because of where the slot is."""

from __future__ import annotations

from typing import Final

from persistence.cluster.slots import Address
from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError

MOVING: Final = frozenset({"MOVED", "ASK", "TRYAGAIN"})
"""What nobody need hear of: it is what an operator makes when he moves slots."""
ELSEWHERE: Final = MOVING | {"CLUSTERDOWN"}


def redirects(error: StoreError) -> bool:
    """Whether it was not done, and may be done elsewhere, or later."""
    return isinstance(error, StoreRefusedError) and error.word in ELSEWHERE


def is_no_answer(error: StoreError) -> bool:
    """Whether it must be asked again, wherever the slot is by then."""
    return redirects(error) or isinstance(error, StoreUnavailableError)


def moves(error: StoreError) -> bool:
    """Whether a slot is on its way, or has gone."""
    return isinstance(error, StoreRefusedError) and error.word in MOVING


def named_by(error: StoreError) -> Address | None:
    """The node that a MOVED names, ``MOVED 3999 127.0.0.1:6381``; it may leave out the host, being itself there."""
    if not isinstance(error, StoreRefusedError) or error.word != "MOVED":
        return None
    host, _, port = error.text.rpartition(" ")[2].rpartition(":")
    return Address(host, int(port)) if host and port.isdecimal() else None
