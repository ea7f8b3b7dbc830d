"""A fault in the middle of load at two brokers on one Redis that forgets nothing it has answered."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trio

from tests.broker.peers import open_peer
from tests.faults.ledger import jobs_left
from tests.faults.load import FUNCTION, JOBS_PER_CLIENT, Load
from tests.faults.proxy import Proxy, open_proxy
from tests.faults.traces import all_mail_is_read, nothing_is_left
from tests.faults.victims import Victim, victims
from tests.persistence.pipes import until
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer

PREFIX = "load"


class Site:
    """Two brokers, each with a proxy between it and Redis."""

    def __init__(self, server: RedisServer, start: Callable[..., Victim], folder: Path, stack: AsyncExitStack) -> None:
        self.server = server
        self.proxies: list[Proxy] = []
        self.brokers: list[Victim] = []
        self.ports: list[int] = []
        self._start, self._folder, self._stack = start, folder, stack

    async def build(self) -> None:
        """Start both."""
        for number in range(2):
            self.proxies.append(await self._stack.enter_async_context(open_proxy(Proxy(self.server.port))))
            self.brokers.append(self._broker(number))
            self.ports.append((await self.brokers[number].address())[1])

    def _broker(self, number: int) -> Victim:
        redis = f"redis://127.0.0.1:{self.proxies[number].port}"
        return self._start(redis, PREFIX, self._folder / str(number), grace=PATIENCE_SECONDS)

    async def redis_is_killed(self) -> None:
        """And starts again."""
        await trio.to_thread.run_sync(self.server.kill)
        await trio.to_thread.run_sync(self.server.start)

    async def connections_are_cut(self) -> None:
        """Of both brokers."""
        for proxy in self.proxies:
            proxy.cut()

    async def replies_are_lost(self) -> None:
        """Redis does what it is asked, and nobody hears of it."""
        for proxy in self.proxies:
            proxy.drop_replies = True
        while not all(proxy.swallowed for proxy in self.proxies):
            await trio.lowlevel.checkpoint()
        for proxy in self.proxies:
            proxy.cut()
            proxy.heal()

    async def a_broker_is_killed(self) -> None:
        """And the next one of its identity starts, elsewhere."""
        await trio.to_thread.run_sync(self.brokers[0].kill)
        self.brokers[0] = self._broker(0)
        self.ports[0] = (await self.brokers[0].address())[1]

    async def brokers_are_restarted(self) -> None:
        """One after the other, by TERM; who connects in between comes to the other."""
        for number in range(2):
            self.ports[number] = self.ports[1 - number]
            await trio.to_thread.run_sync(self.brokers[number].stop)
            self.brokers[number] = self._broker(number)
            self.ports[number] = (await self.brokers[number].address())[1]


FAULTS: dict[str, Callable[[Site], Awaitable[None]]] = {
    "redis is killed": Site.redis_is_killed,
    "connections are cut": Site.connections_are_cut,
    "replies are lost": Site.replies_are_lost,
    "a broker is killed": Site.a_broker_is_killed,
    "brokers are restarted": Site.brokers_are_restarted,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_nothing_acknowledged_is_lost_changed_or_run_twice_without_a_reason(
    make_server: Callable[..., RedisServer], tmp_path: Path, fault: Callable[[Site], Awaitable[None]]
) -> None:
    server = make_server(*AOF)
    server.start()
    with victims() as start, trio.fail_after(2 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            site = Site(server, start, tmp_path, stack)
            await site.build()
            load, twice = Load(), set[bytes]()
            async with trio.open_nursery() as workers:
                for number in range(4):
                    workers.start_soon(load.work, lambda number=number: site.ports[number % 2])
                async with trio.open_nursery() as clients:
                    for number in range(4):
                        clients.start_soon(
                            load.submit, b"client %d" % number, lambda number=number: site.ports[number % 2]
                        )
                    clients.start_soon(load.call, b"caller", lambda: site.ports[1])
                    while load.answered < JOBS_PER_CLIENT:
                        await trio.lowlevel.checkpoint()
                    twice |= load.may_run_twice()
                    await fault(site)
                    twice |= load.may_run_twice()
                    if fault is Site.brokers_are_restarted:
                        twice.clear()  # what runs is let end
                async with open_peer(("127.0.0.1", site.ports[1])) as asking:
                    while await jobs_left(asking, FUNCTION):
                        pass
                workers.cancel_scope.cancel()
            load.ledger.nothing_is_lost()
            assert {payload for payload, runs in load.ledger.runs.items() if runs > 1} <= twice
            assert load.calls
            await until(lambda: all_mail_is_read(server.client(), PREFIX, FUNCTION))
            nothing_is_left(server.client(), PREFIX, FUNCTION)
