"""The process behind the fixtures: one embedded store, and a broker in it for each test that asks for one.

It hears a JSON object a line on its standard input and answers each with one. When the input ends, however the tests'
process ended, so does all that runs here.
"""

import json
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypedDict

import trio

from broker import Settings, open_broker
from gearman_testing.front import Front, Manner
from persistence.embedded import open_embedded_store

__all__ = ["main"]

STDIN = 0


class Wish(TypedDict, total=False):
    """What a test wants."""

    do: str
    port: int
    manner: str
    seconds: float


class Place:
    """The broker of one test and its front."""

    def __init__(self) -> None:
        self.front: Front | None = None
        self.end: trio.Event = trio.Event()
        self.over: trio.Event = trio.Event()


class Host:
    """The brokers that run, by their port."""

    def __init__(self, folder: str, nursery: trio.Nursery) -> None:
        self._folder = folder
        self._nursery = nursery
        self._numbers = count(1)
        self._places: dict[int, Place] = {}

    async def obey(self, wish: Wish) -> object:
        """Does it, and returns what is answered."""
        if wish["do"] == "open":
            return await self._nursery.start(self._run, next(self._numbers))
        place = self._places[wish["port"]]
        assert place.front is not None
        match wish["do"]:
            case "close":
                place.end.set()
                await place.over.wait()
                return None
            case "recall":
                return [job.told() for job in place.front.submitted]
            case "behave":
                place.front.behave(Manner(wish["manner"]), wish["seconds"])
                return None
            case other:
                raise ValueError(f"no such wish: {other!r}")

    async def _run(self, number: int, *, task_status: trio.TaskStatus[int]) -> None:
        place = Place()
        # A prefix of its own: what another test left in the store is not seen.
        settings = Settings(port=0, data_dir=Path(self._folder), redis_prefix=f"test-{number}", verbose="ERROR")
        async with open_broker(settings) as broker, trio.open_nursery() as nursery:
            place.front = Front(broker.addresses[0][1])
            serve = partial(trio.serve_tcp, place.front.serve, 0, host="127.0.0.1")
            (listener,) = await nursery.start(serve)
            port: int = listener.socket.getsockname()[1]
            self._places[port] = place
            task_status.started(port)
            await place.end.wait()
            nursery.cancel_scope.cancel()
        del self._places[port]
        place.over.set()


async def main() -> None:
    """Obeys until the standard input ends."""
    # A short path: a unix socket will be in it.
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        async with open_embedded_store(Path(folder)), trio.open_nursery() as nursery:
            host = Host(folder, nursery)
            async for line in _lines():
                answer = await host.obey(json.loads(line))
                sys.stdout.write(json.dumps(answer) + "\n")
                sys.stdout.flush()
            nursery.cancel_scope.cancel()


async def _lines() -> AsyncIterator[bytes]:
    unread = b""
    async with trio.lowlevel.FdStream(os.dup(STDIN)) as stream:
        async for piece in stream:
            *whole, unread = (unread + piece).split(b"\n")
            for line in whole:
                yield line


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    trio.run(main)
