"""Hundreds of thousands of queued jobs in a second: copies of one that was submitted, made by the server itself."""

from typing import Any, Final

__all__ = ["copy_job"]

# The ids count on from that of the copied job, of 7 bytes for the broker and 3 for the number.
COPY: Final = """
local tag, first, last = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local jobs, queue = tag .. ":jobs", tag .. ":normal"
local id = redis.call("LINDEX", queue, 0)
local record = redis.call("HGET", jobs, id)
for number = first, last do
  local copy = string.sub(id, 1, 7) .. struct.pack(">I3", number)
  redis.call("HSET", jobs, copy, record)
  redis.call("RPUSH", queue, copy)
end
redis.call("HINCRBY", tag .. ":function", "submitted", last - first + 1)
redis.call("HINCRBY", tag .. ":function", "queued1", last - first + 1)
"""
COPIES_A_STEP: Final = 10_000
"""A script may take five seconds, on whatever machine, before the server tells others that it is busy."""


def copy_job(client: Any, tag: bytes, count: int) -> None:
    """Make the one background job of a function, its broker's first and without a unique, one of so many."""
    for first in range(2, count + 1, COPIES_A_STEP):
        client.eval(COPY, 1, tag, first, min(first + COPIES_A_STEP - 1, count))
