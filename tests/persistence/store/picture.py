"""All that is in a server, as plain values that can be compared."""

from collections.abc import Callable
from typing import Any

import redis

READERS: dict[bytes, Callable[[redis.Redis, bytes], Any]] = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    b"stream": lambda client, key: client.xrange(key),
}


def picture(client: redis.Redis, *, but: tuple[bytes, ...] = ()) -> dict[bytes, Any]:
    """Every key and its value, without the keys that end with one of `but`."""
    keys: Any = client.keys()
    return {key: READERS[_type(client, key)](client, key) for key in sorted(keys) if not key.endswith(but)}


def _type(client: redis.Redis, key: bytes) -> bytes:
    kind: Any = client.type(key)
    return bytes(kind)
