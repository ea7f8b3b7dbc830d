"""A worker program that returns what it gets, after a moment: echo_worker.py FUNCTION CONCURRENCY TIMEOUT SERVER...

A TIMEOUT of 0 is none.
"""

import sys

import trio

from worker import Job, Worker

_, FUNCTION, CONCURRENCY, TIMEOUT, *SERVERS = sys.argv
worker = Worker(concurrency=int(CONCURRENCY))


@worker.register(FUNCTION, timeout=float(TIMEOUT) or None)
async def echo(job: Job) -> bytes:
    """Takes long enough to be met in the middle of it."""
    await trio.sleep(0.01)
    return job.payload


trio.run(worker.run_until_signalled, *SERVERS)
