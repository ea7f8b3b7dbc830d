"""Payloads that lie beside their records, as a test sees them in Redis."""

from tests.persistence.store.standin import Standin
from tests.servers import RedisServer

LARGE = bytes(range(256)) * 1_000
OTHER = LARGE[::-1]
STAYS = -1
"""What PTTL says of a key that does not expire."""


def left(server: RedisServer) -> dict[bytes, int]:
    """By id, the payloads in Redis, and how long they stay in milliseconds."""
    client = server.client()
    return {key.rpartition(b":payload:")[2]: client.pttl(key) for key in client.scan_iter(b"*:payload:*")}


def evict(server: RedisServer) -> None:
    """Throw away the payload that was handed in, as soon as it has come."""
    client = server.client()
    while not (keys := list(client.scan_iter(b"*:payload:*"))):
        pass
    client.delete(*keys)


async def taken_elsewhere(other: Standin) -> bytes:
    """What a broker is handed that has not seen it before; the job ends."""
    job = await other.claim()
    assert await other.finish(job) == b"finished"
    return job.payload
