"""What does each kind of call take of a client's time when Redis is far away?

Two brokers of this process, each on a line of that length (`tests.faults.distance`) to one Redis. What is printed are
round trips: how long a client or a worker waited, by the length of the line. So 1.0 is the trip, and the rest the work.
"""

import argparse
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import trio

from broker.app import open_broker
from broker.settings import Settings
from protocol import GetStatus, JobCreated, Noop, SubmitJob, WorkComplete
from tests.broker.peers import Peer, open_peer
from tests.faults.distance import Distance
from tests.faults.proxy import open_proxy
from tests.servers import RedisServer, find_engine

LARGE_BYTES: Final = 100_000
FUNCTIONS: Final = 20

Act = Callable[[], Awaitable[object]]


async def nothing() -> None:
    """Nothing needs to be prepared."""
    await trio.lowlevel.checkpoint()


class Bench:
    """Two brokers; at the first a client and two workers, at the other a worker and an operator."""

    def __init__(self, milliseconds: float, turns: int, peers: list[Peer]) -> None:
        self._seconds = milliseconds / 1000
        self._turns = turns
        self.client, self.busy, self.beside, self.elsewhere, self.operator = peers

    async def report(self, what: str, act: Act, prepare: Act = nothing) -> None:
        """Print the median of some turns."""
        took: list[float] = []
        for _ in range(self._turns):
            await prepare()
            began = trio.current_time()
            await act()
            took.append(trio.current_time() - began)
        print(f"{sorted(took)[self._turns // 2] / self._seconds:6.1f}  {what}", flush=True)

    async def run(self) -> None:
        """Each kind of call, one after the other."""
        client, busy = self.client, self.busy
        await busy.can_do(b"f")
        await client.submit_background(b"f")
        await busy.grab()
        await self.report("a background job is accepted", lambda: client.submit_background(b"f"))
        handle = await client.submit_background(b"f")
        await self.report("GET_STATUS is answered", lambda: client.ask(GetStatus(handle)))
        await self.report("a worker gets a queued job", busy.grab)
        for words, function, worker in (("the same", b"g", self.beside), ("another", b"h", self.elsewhere)):
            await worker.can_do(function)
            what = f"a client has the result of a worker that slept at {words} broker"
            await self.report(what, partial(self._result, function, worker), worker.fall_asleep)
        large = partial(client.submit_background, b"l", bytes(LARGE_BYTES))
        await self.report("a background job of 100 kB is accepted", large)
        await self.elsewhere.can_do(b"l")
        await self.elsewhere.grab()
        await self.report("a worker at another broker gets one", self.elsewhere.grab, large)
        for number in range(FUNCTIONS):
            await client.submit_background(b"%d" % number)
        for line in (b"ready", b"status", b"show jobs"):
            await self.report(f"`{line.decode()}` is answered", partial(self.operator.ask_in_text, line))

    async def _result(self, function: bytes, worker: Peer) -> None:
        await self.client.say(SubmitJob(function, b"", b""))
        assert await worker.hear() == Noop()
        await worker.say(WorkComplete((await worker.grab()).handle, b""))
        await self.client.expect(JobCreated)
        await self.client.expect(WorkComplete)


async def measure(server: RedisServer, folder: Path, milliseconds: float, turns: int) -> None:
    """Open what is needed, and run."""
    async with AsyncExitStack() as stack:
        addresses = []
        for number in range(2):
            line = await stack.enter_async_context(open_proxy(Distance(server.port, milliseconds / 1000)))
            settings = Settings(port=0, redis=f"redis://127.0.0.1:{line.port}", data_dir=folder / str(number))
            addresses.append((await stack.enter_async_context(open_broker(settings))).addresses[0])
        at = [addresses[0]] * 3 + [addresses[1]] * 2
        peers = [await stack.enter_async_context(open_peer(address)) for address in at]
        print(f" trips  of {milliseconds:g} ms, until")
        await Bench(milliseconds, turns, peers).run()


def main() -> None:
    """Run the command line."""
    words = argparse.ArgumentParser(prog="python -m bench.distance", description=__doc__)
    words.add_argument("--milliseconds", type=float, default=50, help="from a broker to Redis and back (default 50)")
    words.add_argument("--turns", type=int, default=5, help="of each kind (default 5)")
    flags = words.parse_args()
    server = RedisServer(find_engine("redis"))
    server.start()
    try:
        with tempfile.TemporaryDirectory(prefix="tg-") as folder:
            trio.run(measure, server, Path(folder), flags.milliseconds, flags.turns)
    finally:
        server.clean_up()


if __name__ == "__main__":
    main()
