"""A worker whose server is met over TLS."""

import ssl
from functools import partial

import trio

from client import open_client
from tests.persistence.log_ear import hearing
from tests.processes import ServerProcess
from tests.tls_front import tls_front
from worker import Job, run_worker


async def shout(job: Job) -> bytes:
    return job.payload.upper()


async def test_jobs_come_and_go_over_tls(server: ServerProcess, function: str) -> None:
    async with tls_front(server) as front, trio.open_nursery() as nursery:
        await nursery.start(partial(run_worker, front.address, {function: shout}, tls=front.trusting()))
        async with open_client(server.address) as client:
            assert await client.call(function, b"a" * 1_000_000) == b"A" * 1_000_000
        nursery.cancel_scope.cancel()


async def test_a_server_that_is_not_trusted_is_named_in_the_log(server: ServerProcess, function: str) -> None:
    trusting_others = ssl.create_default_context()
    async with tls_front(server) as front, trio.open_nursery() as nursery:
        with hearing("worker.keeping") as ear:
            nursery.start_soon(partial(run_worker, front.address, {function: shout}, tls=trusting_others))
            await ear.line(f"cannot connect to {front.address}: no TLS with {front.address}")
            nursery.cancel_scope.cancel()
