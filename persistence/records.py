"""How a job is written down: its handle, its id in Redis, and its record.

A **handle** is ``<prefix><digest>:<incarnation>:<number>``: the digest of the function's name leads to its keys, the
incarnation (56 random bits, new at each start of a broker) and the number (counted per function) make it one that
no broker ever gives out again, also after Redis was emptied. It is read from the right, because prefixes vary.

The **id** is the same without the function, in 10 bytes: it stands in several places per job, and a byte of id costs
five. Its number has a length prefix in two bits, so that ids of one incarnation sort as they were made.
"""

import base64
import re
import secrets
import struct
import time
from functools import lru_cache
from typing import Final, NewType

from protocol import Priority

Incarnation = NewType("Incarnation", bytes)
JobId = NewType("JobId", bytes)
Handle = NewType("Handle", bytes)

INCARNATION_BYTES: Final = 7
MAX_HANDLE: Final = 63
"""libgearman keeps handles in 64 bytes, the last of them NUL."""

_PRIORITY: Final = 3
_BACKGROUND: Final = 4
_BESIDE: Final = 8
_PRIORITIES: Final = tuple(Priority)
_HEAD: Final = struct.Struct(">BBBI")
_HEAD_BYTES: Final = _HEAD.size
_NUMBER_BYTES: Final = (3, 4, 5, 6)
_MASKS: Final = {size: (1 << (8 * size - 2)) - 1 for size in _NUMBER_BYTES}
"""By the length of a number, the bits of it that are not its length."""
_MASKS_OF_IDS: Final = {INCARNATION_BYTES + size: mask for size, mask in _MASKS.items()}
"""By the length of an id, the bits of it that are the number: the id is read as one, which saves cutting it."""
_LENGTHS: Final = tuple((_MASKS[size], size, code << (8 * size - 2)) for code, size in enumerate(_NUMBER_BYTES))
"""Shortest first: the highest number of a length, the length, and the bits that say so."""
MAX_NUMBER: Final = (1 << 46) - 1
"""At 10,000 jobs a second it lasts 200 years."""

_OWN: Final = re.compile(rb"([a-z2-7]{16}):([a-z2-7]{12}):([1-9][0-9]{0,13})\Z")
"""The end of a handle, which is ours. A number spelled otherwise, as +1 or 01, would be a second name of a job."""


def new_incarnation() -> Incarnation:
    """A name for one life of one broker; 56 random bits."""
    return Incarnation(secrets.token_bytes(INCARNATION_BYTES))


def spell(incarnation: Incarnation) -> bytes:
    """An incarnation as it stands in handles and logs: 12 characters of base 32."""
    return base64.b32encode(incarnation).rstrip(b"=").lower()


def job_id(incarnation: Incarnation, number: int) -> JobId:
    """The id of the job that this incarnation numbered so. Raises OverflowError beyond `MAX_NUMBER`."""
    for highest, size, bits in _LENGTHS:
        if number <= highest:
            return JobId(incarnation + (bits | number).to_bytes(size))
    raise OverflowError("this broker has numbered all the jobs it can; restart it")


def handle_of(prefix: bytes, digest: bytes, job: JobId) -> Handle:
    """The handle of a job, at most 63 bytes: a prefix that leaves no room is cut."""
    number = int.from_bytes(job) & _MASKS_OF_IDS[len(job)]
    handle = b"%b%d" % (_stem(prefix, digest, job[:INCARNATION_BYTES]), number)
    excess = len(handle) - MAX_HANDLE
    return Handle(handle if excess <= 0 else prefix[:-excess] + handle[len(prefix) :])


@lru_cache(maxsize=1024)
def _stem(prefix: bytes, digest: bytes, incarnation: bytes) -> bytes:
    """What the handles of one function's jobs of one broker have in common: base 32 takes longer than all the rest."""
    return b"%b%b:%b:" % (prefix, digest, spell(Incarnation(incarnation)))


def read_handle(handle: bytes) -> tuple[bytes, JobId] | None:
    """The digest and the id in a handle; None for one that no broker of ours can have given out."""
    found = _OWN.search(handle)
    if found is None or len(handle) > MAX_HANDLE:
        return None
    digest, spelling, number = found.groups()
    raw = Incarnation(base64.b32decode(spelling.upper() + b"===="))
    # The last character has bits to spare: only one spelling of them was given out.
    if spell(raw) != spelling or int(number) > MAX_NUMBER:
        return None
    return digest, job_id(raw, int(number))


def pack_record(
    unique: bytes, reducer: bytes, payload: bytes, priority: int, background: bool, *, beside: bool = False
) -> bytes:
    """What never changes about a job, as it is stored; `unique` and `reducer` of at most 255 bytes.

    See scripts/includes/record.lua. `beside`: the payload is kept elsewhere, and the one given here is empty.
    """
    flags = priority + (_BACKGROUND if background else 0) + (_BESIDE if beside else 0)
    return _HEAD.pack(flags, len(unique), len(reducer), int(time.time()) & 0xFFFFFFFF) + unique + reducer + payload


def read_record(packed: bytes) -> tuple[Priority, bool, bool, bytes, bytes, bytes]:
    """What a stored record says: priority, background, beside, unique, reducer, payload; see ClaimedJob.

    A plain tuple in the order of that, because one is read for every job there is.
    """
    flags, unique_length, reducer_length, _ = _HEAD.unpack_from(packed)
    reducer_at = _HEAD_BYTES + unique_length
    payload_at = reducer_at + reducer_length
    return (
        _PRIORITIES[flags & _PRIORITY],
        flags & _BACKGROUND != 0,
        flags & _BESIDE != 0,
        packed[_HEAD_BYTES:reducer_at],
        packed[reducer_at:payload_at],
        packed[payload_at:],
    )
