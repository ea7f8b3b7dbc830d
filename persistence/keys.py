"""Every key and channel in Redis is spelled here, and nowhere else.

All keys of one function begin with its *tag*, ``{prefix:digest}``: the braces make Redis Cluster keep them in one
slot, so one script may touch them all, and the digest of the function's name makes the tag findable from a handle
without a registry. A script gets the tag as its one key; `spelled` gives it the names behind the tag, so that the
Lua files name keys without spelling them (docs/decisions/0002-schema.md).
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
    "uniques": "hash    unique -> id",
    "scheduled": "zset    id by unix seconds of its time",
    "schedules": "hash    id -> minute, hour, day, month, weekday, zone",
    "listeners": "hash    id -> the incarnations at which clients wait, joined",
    "dead": "zset    id by unix seconds of its end",
    "remains": "hash    id -> record of a dead job",
}
"""One each per function; the schema is whole, also where a later release is the first to write."""

QUEUE_KEYS: Final = ("high", "normal", "low")
"""list of ids, one per priority."""

INCARNATION_KEYS: Final = {
    "running": "zset    id by claim number: what this incarnation runs",
    "attending": "set     ids that clients of this incarnation wait for",
    "mailbox": "stream  what was said of those jobs elsewhere",
}


def digest_of(function: bytes) -> bytes:
    """The digest of a function's name, 16 characters of base 32."""
    return base64.b32encode(hashlib.blake2b(function, digest_size=DIGEST_BYTES).digest()).lower()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one prefix."""

    prefix: bytes

    def tag(self, digest: bytes) -> bytes:
        """The tag of a function; also the name of the channel on which its notices are published."""
        return b"{%b:%b}" % (self.prefix, digest)

    def digest(self, tag: bytes) -> bytes:
        """The digest in a tag."""
        return tag[len(self.prefix) + 2 : -1]

    def function(self, tag: bytes) -> bytes:
        return tag + b":function"

    def jobs(self, tag: bytes) -> bytes:
        return tag + b":jobs"

    def mailbox(self, tag: bytes, incarnation: bytes) -> bytes:
        return tag + b":mailbox:" + incarnation

    @property
    def functions(self) -> bytes:
        """set of every function's name."""
        return self.prefix + b":functions"

    @property
    def brokers(self) -> bytes:
        """hash incarnation -> what that broker says of itself."""
        return self.prefix + b":brokers"

    @property
    def beats(self) -> bytes:
        """hash incarnation -> a number its broker raises; one that stands still is of a lost broker."""
        return self.prefix + b":beats"

    @property
    def schema(self) -> bytes:
        """string: the version of all this."""
        return self.prefix + b":schema"


def spelled(body: str) -> str:
    """The Lua definitions of the key names that a script's text uses.

    Raises ValueError for a name ending in ``_key`` that is no key of ours: the script would read a nil.
    """
    lines = []
    for name in sorted(set(re.findall(r"\b([a-z]+)_key\b", body))):
        if name in FUNCTION_KEYS:
            lines.append(f'local {name}_key = KEYS[1] .. ":{name}"')
        elif name in INCARNATION_KEYS:
            lines.append(f'local function {name}_key(incarnation) return KEYS[1] .. ":{name}:" .. incarnation end')
        elif name == "queue":
            names = ", ".join(f'":{queue}"' for queue in QUEUE_KEYS)
            lines.append(f"local QUEUES = {{ {names} }}")
            lines.append("local function queue_key(priority) return KEYS[1] .. QUEUES[priority + 1] end")
        else:
            raise ValueError(f"a script names {name}_key, which persistence/keys.py does not spell")
    return "\n".join(lines)
