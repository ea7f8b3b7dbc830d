"""What stands in ids and records of jobs, by name: a broker reads no more of it than it must."""

from struct import unpack_from
from typing import NamedTuple

from persistence.keys import digest_of
from persistence.records import JobId, handle_of, read_record
from protocol import Priority

HEAD_BYTES = 7


class Record(NamedTuple):
    """See persistence.records.read_record."""

    priority: Priority
    background: bool
    beside: bool
    unique: bytes
    reducer: bytes
    payload: bytes


def unpack_record(packed: bytes) -> Record:
    """A stored record."""
    return Record(*read_record(packed))


def submitted_at(packed: bytes) -> int:
    """When it was submitted, by the clock of the broker that took it."""
    seconds: int = unpack_from(">I", packed, 3)[0]
    return seconds


def without_payload(packed: bytes) -> bytes:
    """What the scripts name a record by that is too long to be handed out whole."""
    record = unpack_record(packed)
    return packed[: HEAD_BYTES + len(record.unique) + len(record.reducer)]


def number_of(job: JobId) -> int:
    """The number in an id, as the handle tells it."""
    return int(handle_of(b"", digest_of(b""), job).rpartition(b":")[2])
