"""Every key and channel in Redis is spelled here, and nowhere else.

All keys of one function begin with its *tag*, ``{prefix:digest}``: the braces make Redis Cluster keep them in one
slot, so one script may touch them all, and the digest of the function's name makes the tag findable from a
handle without a registry. What belongs to no function begins with the *root*, ``{prefix}``. A script gets its
tag, or the root, as its one key; `spelled` gives it the names behind, so that the Lua files name keys without
spelling them (docs/decisions/0002-schema.md).
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

DIGEST_BYTES: Final = 10
"""80 bits: two of a million functions share a digest with a chance of 4 in 10**13."""

FUNCTION_KEYS: Final = {
    "function": "hash    name, limits and counters",
    "incarnations": "hash    incarnation -> generation, highest number, gaps; or fenced",
    "jobs": "hash    id -> record, what never changes",
    "runs": "hash    id -> run, for jobs that run or were retried",
    "uniques": "hash    unique -> since when it is held, and the id that holds it",
    "scheduled": "zset    id by unix seconds of its time",
    "listeners": "hash    id -> the incarnations at which clients wait, joined",
    "mail": "hash    incarnation -> bytes in its mailbox, and since when it is full",
    "dead": "zset    id by unix seconds of its end",
    "remains": "hash    id -> attempts, and the record of a dead job; its payload stays where it is",
}
"""One each per function; the schema is whole, also where a later release is the first to write."""

QUEUE_KEYS: Final = ("high", "normal", "low")
"""list of ids, one per priority; with ``:swept`` behind it, the part of it that a sweep has been over."""

INCARNATION_KEYS: Final = {
    "running": "zset    id by claim number: what this incarnation runs",
    "attending": "set     ids that clients of this incarnation wait for",
    "mailbox": "stream  what was said of those jobs elsewhere",
}

JOB_KEYS: Final = {
    "payload": "string  what a large job is about, beside its record; one that expires belongs to no job yet",
}
"""One per job, for those whose records do not hold everything."""

PART_KEYS: Final = {
    "imported": "hash    mark -> id: what was taken over from another server's queue, in 256 parts",
}
"""Spread over several keys per function, by a name of the part."""

ROOT_KEYS: Final = {
    "functions": "hash    digest -> name, of every function",
    "brokers": "hash    incarnation -> what that broker says of itself",
    "beats": "hash    incarnation -> a number its broker raises; one that stands still is of a lost broker",
    "schema": "string  the version of all this",
}
"""One each per prefix."""


def digest_of(function: bytes) -> bytes:
    """The digest of a function's name, 16 characters of base 32."""
    return base64.b32encode(hashlib.blake2b(function, digest_size=DIGEST_BYTES).digest()).lower()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one prefix."""

    prefix: bytes

    def __post_init__(self) -> None:
        # Redis Cluster takes what stands between braces for the place of a key, unless nothing does.
        if not self.prefix or b"{" in self.prefix or b"}" in self.prefix:
            raise ValueError(f"the prefix of keys {self.prefix!r} is empty or has a brace")

    def tag(self, digest: bytes) -> bytes:
        """The tag of a function; also the name of the channel on which its notices are published."""
        return b"{%b:%b}" % (self.prefix, digest)

    def digest(self, tag: bytes) -> bytes:
        """The digest in a tag."""
        return tag[len(self.prefix) + 2 : -1]

    def function(self, tag: bytes) -> bytes:
        """The hash of a function's name, limits and counters."""
        return tag + b":function"

    def incarnations(self, tag: bytes) -> bytes:
        """The hash of the brokers that had to do with a function."""
        return tag + b":incarnations"

    def jobs(self, tag: bytes) -> bytes:
        """The hash of a function's records."""
        return tag + b":jobs"

    def uniques(self, tag: bytes) -> bytes:
        """The hash of the uniques of a function's jobs."""
        return tag + b":uniques"

    def dead(self, tag: bytes) -> bytes:
        """The sorted set of a function's jobs that were given up."""
        return tag + b":dead"

    def payload(self, tag: bytes, job: bytes) -> bytes:
        """What a large job is about."""
        return tag + b":payload:" + job

    def mailbox(self, tag: bytes, incarnation: bytes) -> bytes:
        """The stream of what a broker's clients are to hear of a function's jobs."""
        return tag + b":mailbox:" + incarnation

    @property
    def root(self) -> bytes:
        """What the keys that belong to no function begin with."""
        return b"{%b}" % self.prefix

    @property
    def functions(self) -> bytes:
        """The hash of all functions' names."""
        return self.root + b":functions"

    @property
    def brokers(self) -> bytes:
        """The hash of what the brokers say of themselves."""
        return self.root + b":brokers"

    @property
    def beats(self) -> bytes:
        """The hash of the brokers' presences."""
        return self.root + b":beats"

    @property
    def schema(self) -> bytes:
        """The version of the schema."""
        return self.root + b":schema"


def spelled(body: str) -> str:
    """The Lua definitions of the key names that a script's text uses.

    ``jobs_key`` is a key behind KEYS[1], ``running_key(incarnation)`` one of an incarnation's, ``payload_key(id)`` one
    of a job's, ``queue_key(priority)`` a queue, and ``jobs_key_of(tag)`` the same as the first behind another tag.

    Raises:
        ValueError: a name ending in ``_key`` is no key of ours; the script would read a nil.
    """
    names = sorted(set(re.findall(r"\b([a-z]+)_key(_of)?\b", body)))
    lines = [_definition(name, bool(of_another_tag)) for name, of_another_tag in names]
    if any(name in ("queue", "swept") for name, _ in names):
        queues = ", ".join(f'":{queue}"' for queue in QUEUE_KEYS)
        lines.insert(0, f"local QUEUES = {{ {queues} }}")
    return "\n".join(lines)


def _definition(name: str, of_another_tag: bool) -> str:
    if name in FUNCTION_KEYS and of_another_tag:
        return f'local function {name}_key_of(tag) return tag .. ":{name}" end'
    if name in FUNCTION_KEYS or name in ROOT_KEYS:
        return f'local {name}_key = KEYS[1] .. ":{name}"'
    if name in INCARNATION_KEYS:
        return f'local function {name}_key(incarnation) return KEYS[1] .. ":{name}:" .. incarnation end'
    if name in JOB_KEYS:
        return f'local function {name}_key(id) return KEYS[1] .. ":{name}:" .. id end'
    if name in PART_KEYS:
        return f'local function {name}_key(part) return KEYS[1] .. ":{name}:" .. part end'
    if name == "queue":
        return "local function queue_key(priority) return KEYS[1] .. QUEUES[priority + 1] end"
    if name == "swept":
        return 'local function swept_key(priority) return KEYS[1] .. QUEUES[priority + 1] .. ":swept" end'
    raise ValueError(f"a script names {name}_key, which persistence/keys.py does not spell")
