"""By what jobs are told apart: the unique that a client gave, or the payload where it asked for that."""

import hashlib
import os
from typing import Final

BY_DATA: Final = b"-"
"""The unique with which a client asks that jobs of equal payload be one."""


def coalescing(unique: bytes, payload: bytes) -> bytes:
    """The unique to keep. For `-`, the payload: no client can send a NUL in a unique, so none collides.

    An empty payload makes a job that is like no other; its worker is told the unique `-` all the same.
    """
    if unique != BY_DATA:
        return unique
    return b"-\0" + (hashlib.blake2b(payload, digest_size=32).digest() if payload else os.urandom(16))


def as_submitted(unique: bytes) -> bytes:
    """The unique as the client gave it: what stands behind a NUL is of `coalescing`."""
    return unique.partition(b"\0")[0]
