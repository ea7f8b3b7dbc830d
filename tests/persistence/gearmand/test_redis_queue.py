"""gearmand's queue in Redis as it is read: in bounded batches, and deleted only as it was read."""

import pytest

from persistence.gearmand import Entry, SourceError, open_redis_queue
from persistence.gearmand.entries import BATCH_BYTES, BATCH_ENTRIES
from persistence.gearmand.redis_queue import RedisQueue
from tests.servers import RedisServer


def fill(server: RedisServer, number: int, payload: bytes = b"x") -> None:
    pipeline = server.client().pipeline(transaction=False)
    for at in range(number):
        pipeline.hset(f"_gear_-f-u{at}", mapping={"data": payload, "priority": 1})
    pipeline.execute()


def opened(server: RedisServer) -> RedisQueue:
    return open_redis_queue(server.url, b"_gear_", ())


def test_every_key_is_read_in_batches_of_bounded_number(redis_server: RedisServer) -> None:
    fill(redis_server, 2000)
    queue, names = opened(redis_server), set()
    while (batch := queue.next_batch()) is not None:
        assert 0 < len(batch.entries) <= BATCH_ENTRIES
        names |= {entry.unique for entry in batch.entries}
    assert names == {b"u%d" % at for at in range(2000)}
    queue.close()


def test_a_batch_is_bounded_in_bytes_and_takes_one_payload_whatever_its_size(redis_server: RedisServer) -> None:
    fill(redis_server, 8, bytes(BATCH_BYTES // 2))
    redis_server.client().hset("_gear_-f-large", mapping={"data": bytes(2 * BATCH_BYTES), "priority": 1})
    queue, sizes = opened(redis_server), []
    while (batch := queue.next_batch()) is not None:
        sizes += [len(entry.payload) for entry in batch.entries]
        assert len(batch.entries) <= 2
    assert sum(sizes) == 6 * BATCH_BYTES
    queue.close()


def test_only_what_is_as_it_was_read_is_deleted(redis_server: RedisServer) -> None:
    fill(redis_server, 3, b"\0as read")
    queue = opened(redis_server)
    batch = queue.next_batch()
    assert batch is not None
    redis_server.client().hset("_gear_-f-u1", "data", "\0another job")
    redis_server.client().hset("_gear_-f-u2", "priority", 0)
    assert queue.delete(batch.entries) == 1
    assert sorted(redis_server.client().keys()) == [b"_gear_-f-u1", b"_gear_-f-u2"]
    queue.close()


def test_what_is_deleted_while_it_is_read_is_counted(redis_server: RedisServer) -> None:
    fill(redis_server, 600)
    queue = opened(redis_server)
    read, vanished = list[Entry](), 0
    while (batch := queue.next_batch()) is not None:
        read += batch.entries
        vanished += batch.vanished
        redis_server.client().flushdb()  # a worker of gearmand has done all jobs
    assert len(read) + vanished <= 600
    assert vanished or len(read) % BATCH_ENTRIES
    queue.close()


def test_a_server_that_ends_in_the_middle_is_an_error_in_one_line(redis_server: RedisServer) -> None:
    fill(redis_server, 1200)
    queue = opened(redis_server)
    assert queue.next_batch() is not None
    redis_server.kill()
    with pytest.raises(SourceError, match=f"cannot read the queue in Redis at 127.0.0.1:{redis_server.port}: "):
        queue.next_batch()
    queue.close()


@pytest.mark.parametrize("prefix", [b"a*b", b"a?b", b"a[b]c", b"a\\b", b"^a"])
def test_a_prefix_means_itself_and_no_pattern(redis_server: RedisServer, prefix: bytes) -> None:
    client = redis_server.client()
    for name in (prefix + b"-f-mine", b"aXb-f-other", b"ab-f-other", b"abc-f-other", b"a-f-other"):
        client.hset(name, mapping={"data": "x", "priority": 1})
    queue = open_redis_queue(redis_server.url, prefix, ())
    batch = queue.next_batch()
    assert batch is not None
    assert [entry.unique for entry in batch.entries] == [b"mine"]
    assert queue.next_batch() is None
    queue.close()
