"""Runs an example against a server, with a client and a worker as the examples expect them."""

import logging
import textwrap
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import trio

import client
import client.blocking
import peer
import worker
from tests.processes import ServerProcess
from worker import Job, run_worker

__all__ = ["run_example"]

PATIENCE_SECONDS = 60.0


async def run_example(example: str, server: ServerProcess, *, blocking: bool = False) -> None:
    """Runs the example to its end; one that blocks in a thread, for the worker is here."""
    async with client.open_client(server.address) as opened, trio.open_nursery() as nursery:
        functions = dict.fromkeys(("sendEmail", "resize"), work)
        await nursery.start(partial(run_worker, server.address, functions, concurrency=4))
        with trio.fail_after(PATIENCE_SECONDS):
            if blocking:
                await trio.to_thread.run_sync(run_blocking, example, server.address)
            else:
                await run_async(example, server.address, opened)
        nursery.cancel_scope.cancel()


async def work(job: Job) -> bytes:
    """Does what the examples ask for."""
    return job.payload


def run_blocking(example: str, address: str) -> None:
    """The example, as the body of a plain function."""
    run = cast(Callable[[client.blocking.Client], None], compiled("def", example, address))
    with client.blocking.Client(address) as opened:
        run(opened)


async def run_async(example: str, address: str, opened: client.Client) -> None:
    """The example, as the body of an async function."""
    await cast(Callable[[client.Client], Awaitable[None]], compiled("async def", example, address))(opened)


def compiled(define: str, example: str, address: str) -> object:
    """A function of one argument, `client`."""
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
    exec(f"{define} example(client):\n{body}", names)
    return names["example"]
