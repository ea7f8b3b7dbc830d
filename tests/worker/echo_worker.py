"""A worker program that returns what it gets, after a moment: echo_worker.py SERVER FUNCTION."""

import sys

import trio

from worker import Job, Worker

_, SERVER, FUNCTION = sys.argv
worker = Worker(concurrency=4)


@worker.register(FUNCTION)
async def echo(job: Job) -> bytes:
    """Takes long enough to be met in the middle of it."""
    await trio.sleep(0.01)
    return job.payload


trio.run(worker.run_until_signalled, SERVER)
