"""Sleepers that are woken while their jobs are being stored: what tests say and wait for."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from broker.line import Line
from protocol import GrabJobAll, Noop, SubmitJob, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running

__all__ = ["calls_and_lets_wait", "comes_true", "line_of", "submits", "waits", "warmed"]


def line_of(one: Running, function: bytes = b"f") -> Line:
    """The function as the broker hears it."""
    return one.broker.roster.lines[function]


def warmed(open_one: OpenRunning) -> OpenRunning:
    """Opens brokers that know that submits of f are not refused: a job of it was handed out before."""

    @asynccontextmanager
    async def open_with(**fields: object) -> AsyncIterator[Running]:
        async with open_one(**fields) as one:
            client, worker = await one.peer(), await one.sleeper(b"f")
            handle = await client.submit_background(b"f")
            assert await worker.hear() == Noop()
            assert (await worker.grab()).handle == handle
            await worker.say(WorkComplete(handle, b""))
            await worker.heard()
            await worker.leave()
            await one.until(lambda: not line_of(one).workers)
            yield one

    return open_with


async def comes_true(condition: Callable[[], bool]) -> None:
    """Wait for that, without asking Redis anything."""
    with trio.fail_after(PATIENCE_SECONDS):
        while not condition():
            await trio.lowlevel.checkpoint()


async def waits(one: Running, workers: int = 1) -> None:
    """Wait until so many grabs wait for what is on its way."""
    await comes_true(lambda: len(line_of(one).waiting) == workers)


async def submits(client: Peer, *payloads: bytes, function: bytes = b"f", unique: bytes = b"") -> None:
    """Submit background jobs, and hear no answer yet."""
    await client.say(*(SubmitJob(function, unique, payload, background=True) for payload in payloads))


async def calls_and_lets_wait(one: Running, client: Peer, worker: Peer) -> None:
    """Submit a job for which this sleeper is woken, and have it ask and wait."""
    await submits(client, b"x")
    assert await worker.hear() == Noop()
    await worker.say(GrabJobAll())
    await waits(one)
