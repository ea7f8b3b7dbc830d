"""gearmand with a queue that outlives it, and the jobs left in there."""

from collections.abc import Sequence
from pathlib import Path

from protocol import JobCreated, SubmitJob, SubmitJobEpoch
from tests.broker.peers import open_peer
from tests.processes import GearmandProcess, ServerProcess
from tests.servers import RedisServer

NUL_PAYLOAD = b'O:4:"Mail":1:{s:10:"\0Mail\0body";s:3:"a\0b";}\0'

AT_ONCE = 500
"""Submits sent before their answers are read."""


class QueueingGearmand(GearmandProcess):
    """gearmand with more words on its command line, such as those of a queue."""

    def __init__(self, directory: Path, *flags: str, port: int | None = None) -> None:
        super().__init__(directory, port)
        self.flags = flags

    def command(self) -> list[str]:
        return [*super().command(), *self.flags]


def sqlite_flags(path: Path, *more: str) -> list[str]:
    """What makes gearmand keep its queue in this file."""
    return ["--queue-type", "libsqlite3", "--libsqlite3-db", str(path), *more]


def redis_flags(server: RedisServer, *more: str) -> list[str]:
    """What makes gearmand keep its queue in this Redis."""
    where = ["--redis-server", "127.0.0.1", "--redis-port", str(server.port)]
    return ["--queue-type", "redis", *where, *more]


async def leave(gearmand: QueueingGearmand, *jobs: SubmitJob | SubmitJobEpoch) -> None:
    """Start it, submit these jobs, each of which it must accept, and stop it."""
    with gearmand:
        await submit_all(gearmand, jobs)


async def submit_all(server: ServerProcess, jobs: Sequence[SubmitJob | SubmitJobEpoch]) -> None:
    """Submit jobs, each of which must be accepted."""
    async with open_peer((server.host, server.port)) as client:
        for at in range(0, len(jobs), AT_ONCE):
            await client.say(*jobs[at : at + AT_ONCE])
            for _ in jobs[at : at + AT_ONCE]:
                await client.expect(JobCreated)


def background(function: bytes, unique: bytes, payload: bytes, **more: object) -> SubmitJob:
    """A background job."""
    return SubmitJob(function, unique, payload, background=True, **more)  # type: ignore[arg-type]  # it checks their names
