"""The keys of gearmand's `-q redis`: a hash per background job, its function and unique in the key's name.

The Redis is somebody else's, perhaps an old one with much else in it. So it is spoken to through redis-py, in RESP2,
and searched by SCAN, in steps. It holds neither an order nor a time: gearmand refuses delayed jobs there.
"""

import hashlib
import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, NamedTuple

import redis

from persistence.gearmand.entries import (
    BATCH_BYTES,
    BATCH_ENTRIES,
    MAX_PAYLOAD_BYTES,
    Batch,
    Entry,
    Refused,
    SourceError,
)
from persistence.gearmand.redis_key import UnreadableKeyError, read_key
from persistence.gearmand.serving import which_gearmand_calls_from
from persistence.redis_url import parse_redis_url
from protocol import Priority

FIELDS: Final = (b"data", b"priority")
SCAN_COUNT: Final = 200
UNKNOWN_BYTES: Final = 64 * 1024
"""What a payload counts for on a server before 3.2, which has no HSTRLEN."""

GEARMANDS_COMMANDS: Final = frozenset({"hmset", "hgetall", "del", "keys"})
"""What gearmand's connection may have said last: it stored a job, loaded the queue, or ended a job."""

# A job that took the key after we read it is left alone. Digests, because a payload may be large.
_DELETE: Final = """
local held
if redis.call("TYPE", KEYS[1]).ok == "hash" then
  if redis.call("HGET", KEYS[1], "priority") ~= ARGV[2] then return 0 end
  held = redis.call("HGET", KEYS[1], "data")
else
  held = redis.call("GET", KEYS[1])
end
if not held or redis.sha1hex(held) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])
"""


class _Key(NamedTuple):
    """A key, and what is known of it before its value is read."""

    name: bytes
    kind: bytes
    """Its type, as TYPE says it."""
    size: int
    """Of its payload, in bytes."""
    fields: int
    """Of its hash; 2 for a string."""


def open_redis_queue(url: str, prefix: bytes, functions: Collection[bytes]) -> "RedisQueue":
    """Connect.

    Args:
        url: of the Redis.
        prefix: gearmand's --redis-prefix.
        functions: every function of that queue, or nothing if they are not known; see `read_key`.

    Raises:
        SourceError: the URL is wrong, or nobody answers there.
    """
    try:
        options = parse_redis_url(url)
    except ValueError as error:
        raise SourceError(f"--from: {error}") from error
    if options.cluster:
        raise SourceError("--from: gearmand keeps its queue on one server: name it by redis://")
    address = options.address
    client = redis.Redis.from_url(url, protocol=2)
    queue = RedisQueue(client, address, prefix, functions)
    with _told(address):
        client.ping()
    return queue


class RedisQueue:
    """The queue under a prefix. Get it from `open_redis_queue`."""

    keeps_order = False

    def __init__(self, client: Any, address: str, prefix: bytes, functions: Collection[bytes]) -> None:
        """`client` is a `redis.Redis`; redis-py's annotations cannot say that it answers in bytes."""
        self._client = client
        self._address = address
        self._lead = prefix + b"-"
        self._functions = functions
        self._cursor: int | None = None
        self._waiting: deque[bytes] = deque()
        self.words = f"Redis at {address}, keys beginning with {_printable(self._lead)}"

    def served_by(self) -> str:
        """The gearmands of this machine that are connected to this Redis."""
        return which_gearmand_calls_from(frozenset(address for address, _ in self._others()))

    def perhaps_served_by(self) -> str:
        """Where connections come from that look like gearmand's."""
        return ", ".join(sorted(f"{host}:{port}" for (host, port), looks_so in self._others() if looks_so))

    def next_batch(self) -> Batch | None:
        """The next keys. SCAN may give one twice."""
        with _told(self._address):
            while not self._waiting and self._cursor != 0:
                self._cursor, names = self._client.scan(self._cursor or 0, _literally(self._lead) + b"*", SCAN_COUNT)
                self._waiting.extend(names)
            if not self._waiting:
                return None
            keys = self._next_keys()
            values = self._ask([_fetch(key) for key in keys])
        found = [self._read(key, value) for key, value in zip(keys, values, strict=True)]
        return Batch(
            entries=[each for each in found if isinstance(each, Entry)],
            refused=[each for each in found if isinstance(each, Refused)],
            vanished=found.count(None),
        )

    def delete(self, entries: Sequence[Entry]) -> int:
        """Delete the keys of these, each on its own."""
        commands = []
        for entry in entries:
            assert isinstance(entry.place, tuple)
            name, priority = entry.place
            digest = hashlib.sha1(entry.payload, usedforsecurity=False).hexdigest()
            commands.append(("EVAL", _DELETE, 1, name, digest, priority))
        with _told(self._address):
            replies = self._ask(commands)
        return sum(map(int, replies))

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _ask(self, commands: Sequence[tuple[Any, ...]], *, forgive: bool = False) -> list[Any]:
        """Replies to plain commands, sent together; errors among them are raised, or forgiven and returned."""
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = pipeline.execute(raise_on_error=not forgive)
        return replies

    def _next_keys(self) -> list[_Key]:
        """Take the next keys off those that wait: as many as a batch may hold, by their sizes."""
        names = list(islice(self._waiting, BATCH_ENTRIES))
        kinds = self._ask([("TYPE", name) for name in names])
        strings = [kind == b"string" for kind in kinds]
        sizes = self._ask(
            [
                ("STRLEN", name) if string else ("HSTRLEN", name, "data")
                for name, string in zip(names, strings, strict=True)
            ],
            forgive=True,
        )
        fields = self._ask([("HLEN", name) for name in names], forgive=True)
        keys, room = list[_Key](), BATCH_BYTES
        for name, kind, size, number in zip(names, kinds, sizes, fields, strict=True):
            known_size = size if isinstance(size, int) else UNKNOWN_BYTES
            keys.append(_Key(name, kind, known_size, number if isinstance(number, int) else len(FIELDS)))
            self._waiting.popleft()
            room -= min(known_size, MAX_PAYLOAD_BYTES)
            if room <= 0:
                break
        return keys

    def _read(self, key: _Key, value: Any) -> Entry | Refused | None:
        """A key as a job; None if it is gone."""
        name = f"key {_printable(key.name)}"
        match key.kind, value:
            case b"hash", [payload, priority] if key.fields == len(FIELDS):
                if payload is None and priority is None:
                    return None
            case b"string", payload:  # as before 1.1.16, and as 1.1.20 still reads it
                priority = b"1"
            case b"none", _:
                return None
            case b"hash", _:
                why = f"it has {key.fields} fields, and gearmand's have two, data and priority: mend or delete it"
                return Refused(name, why, "other fields")
            case _:
                why = f"it is a {key.kind.decode()}, and gearmand's are hashes: move it out of the way"
                return Refused(name, why, "not a hash")
        return self._read_job(key, name, payload, priority)

    def _read_job(self, key: _Key, name: str, payload: bytes | None, priority: bytes | None) -> Entry | Refused:
        if key.size > MAX_PAYLOAD_BYTES:
            why = f"its payload has {key.size} bytes, and the store takes {MAX_PAYLOAD_BYTES}: run it in gearmand"
            return Refused(name, why, "payload too large")
        if payload is None or priority is None:
            return Refused(name, "it has other fields than data and priority: mend or delete it", "other fields")
        if priority not in (b"0", b"1", b"2"):
            why = f"its priority is {_printable(priority)}; set it to 0 (high), 1 (normal) or 2 (low)"
            return Refused(name, why, "priority")
        try:
            reading = read_key(key.name.removeprefix(self._lead), self._functions)
        except UnreadableKeyError as error:
            return Refused(name, str(error), "function not certain")
        return Entry(
            name=name,
            function=reading.function,
            unique=reading.unique,
            payload=payload,
            priority=Priority(int(priority)),
            run_at=0,
            place=(key.name, priority),
            cut=reading.cut,
        )

    def _others(self) -> Iterator[tuple[tuple[str, int], bool]]:
        """Where the other connections of this Redis come from, and whether they look like gearmand's."""
        try:
            own, clients = self._client.client_id(), self._client.client_list()
        except redis.RedisError:  # an old server, or a user who may not ask
            return
        for client in clients:
            host, _, port = client.get("addr", "").rpartition(":")
            if port.isdecimal() and client.get("id") != str(own):
                looks_so = not client.get("name") and client.get("cmd") in GEARMANDS_COMMANDS
                yield (host.strip("[]"), int(port)), looks_so


def _fetch(key: _Key) -> tuple[Any, ...]:
    """The command that reads a key's value; nothing worth reading for one that will be refused."""
    too_large = key.size > MAX_PAYLOAD_BYTES
    if key.kind == b"hash" and key.fields == len(FIELDS) and not too_large:
        return ("HMGET", key.name, *FIELDS)
    if key.kind == b"string" and not too_large:
        return ("GET", key.name)
    return ("EXISTS", key.name)


def _literally(text: bytes) -> bytes:
    """A glob pattern that matches just this."""
    return re.sub(rb"([\\*?\[\]^])", rb"\\\1", text)


def _printable(name: bytes) -> str:
    return repr(name.decode("utf-8", "backslashreplace"))


@contextmanager
def _told(address: str) -> Iterator[None]:
    """redis-py's errors as one line of ours."""
    try:
        yield
    except redis.RedisError as error:
        text = " ".join(str(error).split()).rstrip(".")
        right = "--from names gearmand's --redis-server and --redis-port, such as redis://:PASSWORD@HOST:PORT"
        raise SourceError(f"cannot read the queue in Redis at {address}: {text}; {right}") from error
