"""Runs an example against a server, with a client and a worker as the examples expect them."""

import logging
import textwrap
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import trio

import client
import peer
import worker
from tests.processes import ServerProcess
from worker import Job, run_worker

__all__ = ["run_example"]

PATIENCE_SECONDS = 60.0


async def run_example(example: str, server: ServerProcess) -> None:
    """Runs the example to its end."""
    async with client.open_client(server.address) as opened, trio.open_nursery() as nursery:
        functions = dict.fromkeys(("sendEmail", "resize"), work)
        await nursery.start(partial(run_worker, server.address, functions, concurrency=4))
        with trio.fail_after(PATIENCE_SECONDS):
            await compiled(example, server.address)(opened)
        nursery.cancel_scope.cancel()


async def work(job: Job) -> bytes:
    """Does what the examples ask for."""
    return job.payload


def compiled(example: str, address: str) -> Callable[[client.Client], Awaitable[None]]:
    """The example as the body of an async function."""
    names: dict[str, object] = {
        "logging": logging,
        "UTC": UTC,
        "datetime": datetime,
        "timedelta": timedelta,
        "trio": trio,
    }
    for package in (client, worker, peer):
        names |= {name: getattr(package, name) for name in package.__all__}
    body = textwrap.indent(example.replace("127.0.0.1:4730", address), "    ")
    exec(f"async def example(client):\n{body}", names)
    return cast(Callable[[client.Client], Awaitable[None]], names["example"])
