"""Pipes under test: run for the length of a block, and listened to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from persistence.options import RedisOptions
from persistence.pipe import Pipe
from persistence.replies import Reply
from tests.servers import PATIENCE_SECONDS, RedisServer


def options_for(
    server: RedisServer, *, connect_timeout_seconds: float = 30.0, silence_seconds: float = 30.0
) -> RedisOptions:
    """How to reach this server, with so much patience that no test fails on a busy machine."""
    return RedisOptions(
        port=server.port,
        password=server.password,
        connect_timeout_seconds=connect_timeout_seconds,
        silence_seconds=silence_seconds,
    )


@asynccontextmanager
async def running(pipe: Pipe) -> AsyncIterator[Pipe]:
    """A connected pipe; the end of the block cancels it."""
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: pipe.run(task_status=task_status))
        yield pipe
        nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Give way to all other tasks until it holds; for what nobody announces."""
    with trio.fail_after(PATIENCE_SECONDS):
        while not condition():
            await trio.lowlevel.checkpoint()


class Heard:
    """Called with replies, it keeps them; `wait` for a number of them."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self._more = trio.Event()

    def __call__(self, reply: Reply) -> None:
        self.replies.append(reply)
        self._more.set()
        self._more = trio.Event()

    async def wait(self, count: int = 1) -> list[Reply]:
        """All of them, as soon as there are so many."""
        with trio.fail_after(PATIENCE_SECONDS):
            while len(self.replies) < count:
                await self._more.wait()
        return self.replies
