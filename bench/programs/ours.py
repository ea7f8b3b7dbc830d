"""Our client and worker: one thing at a time, as the other libraries do it, or many; see `bench.programs`.

usage: python -m bench.programs.ours one|many|blocking VERB HOST PORT FUNCTION JOBS PAYLOAD_BYTES
"""

import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

import trio

from client import BackgroundJob, Client, open_client
from client.blocking import Client as BlockingClient
from worker import Job, Worker

AT_ONCE = 16  # jobs of a worker, and calls of a client


class Task(NamedTuple):
    """What is to be done."""

    address: str
    function: str
    jobs: int
    payload: bytes


async def queue_one(client: Client, task: Task) -> None:
    """Each waits for its answer."""
    for _ in range(task.jobs):
        await client.submit_background(task.function, task.payload)


async def queue_many(client: Client, task: Task) -> None:
    """As they are meant to be queued when there are many."""
    async for submitted in client.submit_many(BackgroundJob(task.function, task.payload) for _ in range(task.jobs)):
        if submitted.error is not None:
            raise submitted.error


async def call(client: Client, task: Task, *, at_once: int) -> None:
    """So many wait for a result at a time."""

    async def some(jobs: int) -> None:
        for _ in range(jobs):
            await client.call(task.function, task.payload)

    async with trio.open_nursery() as nursery:
        for number in range(at_once):
            nursery.start_soon(some, len(range(number, task.jobs, at_once)))


async def run(task: Task, *, at_once: int) -> float:
    """A worker, for so many jobs."""
    worker = Worker(concurrency=at_once)
    left = task.jobs

    @worker.register(task.function)
    async def work(job: Job) -> bytes:
        nonlocal left
        left -= 1
        if left == 0:
            worker.drain()
        return job.payload

    began = time.perf_counter()
    await worker.run(task.address)
    return time.perf_counter() - began


async def ask(work: Callable[[Client, Task], Awaitable[None]], task: Task) -> float:
    """What a client does, once it is connected."""
    async with open_client(task.address) as client:
        began = time.perf_counter()
        await work(client, task)
        return time.perf_counter() - began


def ask_blocking(verb: str, task: Task) -> float:
    """The same without trio."""
    with BlockingClient(task.address) as client:
        client.ping()
        began = time.perf_counter()
        for _ in range(task.jobs):
            if verb == "queue":
                client.submit_background(task.function, task.payload)
            else:
                client.call(task.function, task.payload)
        return time.perf_counter() - began


ASYNC: Mapping[tuple[str, str], Callable[[Task], Awaitable[float]]] = {
    ("one", "queue"): partial(ask, queue_one),
    ("many", "queue"): partial(ask, queue_many),
    ("one", "call"): partial(ask, partial(call, at_once=1)),
    ("many", "call"): partial(ask, partial(call, at_once=AT_ONCE)),
    ("one", "run"): partial(run, at_once=1),
    ("many", "run"): partial(run, at_once=AT_ONCE),
}


def main(mode: str, verb: str, host: str, port: str, function: str, jobs: str, payload_bytes: str) -> None:
    """Does it, and says how long it took."""
    task = Task(f"{host}:{port}", function, int(jobs), b"x" * int(payload_bytes))
    print(ask_blocking(verb, task) if mode == "blocking" else trio.run(ASYNC[mode, verb], task))


if __name__ == "__main__":
    main(*sys.argv[1:])
