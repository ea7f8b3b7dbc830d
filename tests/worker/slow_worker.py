"""A worker program whose jobs end when a line comes in: slow_worker.py SERVER FUNCTION GRACE_SECONDS."""

import logging
import sys
from functools import partial

import trio

from worker import Job, Worker

_, SERVER, FUNCTION, GRACE_SECONDS = sys.argv
worker = Worker()


@worker.register(FUNCTION)
async def work(job: Job) -> bytes:
    """Says that it has begun, and waits."""
    print("begun", job.payload.decode(), flush=True)  # noqa: T201 - the test listens
    await trio.lowlevel.FdStream(0).receive_some()
    return b"done"


logging.basicConfig(level=logging.INFO)
trio.run(partial(worker.run_until_signalled, SERVER, grace_seconds=float(GRACE_SECONDS)))
