"""What workers had said before a broker was told to end is heard, however many they are."""

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
import trio

from broker.app import open_broker
from broker.settings import Settings
from protocol import WorkComplete, WorkData
from tests.broker.peers import open_peer
from tests.faults.traces import nothing_is_left, over
from tests.servers import RedisServer

PREFIX: Final = "ended"
WORKERS: Final = 300
"""More than are heard while Redis answers once."""
PARTS: Final = 40
"""Of 2 kB each: more than is heard of one peer in a turn, and less than a socket takes."""


@pytest.mark.parametrize(("count", "parts"), [(WORKERS, 0), (1, PARTS)])
async def test_a_job_that_ended_before_the_order_to_stop_came_is_not_run_again(
    redis_server: RedisServer, tmp_path: Path, count: int, parts: int
) -> None:
    settings = Settings(port=0, redis=redis_server.url, redis_prefix=PREFIX, data_dir=tmp_path)
    async with AsyncExitStack() as peers, open_broker(settings) as broker:
        workers = []
        for _ in range(count):
            worker = await peers.enter_async_context(open_peer(broker.addresses[0]))
            await worker.can_do(b"f")
            await worker.submit_background(b"f", b"payload")
            workers.append((worker, await worker.grab()))
        for worker, job in workers:
            part, end = WorkData(job.handle, b"x" * 2048), WorkComplete(job.handle, b"result")
            data = worker.encoded(*[part] * parts, end)
            # Without a checkpoint, so that the broker is told to end before it can hear any of it.
            assert isinstance(worker.stream, trio.SocketStream)
            assert os.write(worker.stream.socket.fileno(), data) == len(data)
    nothing_is_left(redis_server.client(), PREFIX, b"f")
    assert over(redis_server.client(), PREFIX, b"f") == count
