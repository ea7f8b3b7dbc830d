"""Faults drawn by lot, one after the other, for as long as one likes: what `tests.faults.soak` does to its site."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import redis
import trio

from tests.faults import strikes
from tests.faults.proxy import Proxy
from tests.faults.site import Site
from tests.faults.strikes import in_thread
from tests.faults.victims import Victim

LOOK_SECONDS: Final = 0.05
"""How often is noted what runs where, while a broker may be taken for lost."""


class Mischief:
    """Strikes one of its faults at a time, each at brokers drawn by lot, and notes what may run again because of it.

    Attributes:
        struck: how often each fault struck.
        lost: how many brokers were killed, or taken for lost.
    """

    def __init__(self, site: Site[Victim], chance: random.Random) -> None:
        self.struck: Counter[str] = Counter()
        self.lost = 0
        self._site, self._chance = site, chance
        self._known: set[bytes] = set()
        self._left: set[bytes] = set()
        self._had: dict[bytes, set[bytes]] = {}
        self._had_before: dict[bytes, set[bytes]] = {}

    async def strike(self) -> str:
        """One fault, from its beginning until every broker takes jobs again; returns its name."""
        name = self._chance.choice(list(FAULTS))
        self._had_before, self._had = self._had, {}
        await FAULTS[name](self)
        await self._site.all_take_jobs()
        self.struck[name] += 1
        return name

    async def watch(self) -> None:
        """Note what each broker has, and when one is lost, that this may run again. Endless."""
        while True:
            with suppress(redis.RedisError):  # it may be its turn
                brokers = await in_thread(self._site.named)
                for broker, port in brokers.items():
                    had = await in_thread(self._site.running, broker)
                    self._had.setdefault(broker, set()).update(had, self._site.load.in_flight_at(port))
                self._miss(self._known - set(brokers))
                self._known = set(brokers)
            await trio.sleep(LOOK_SECONDS)

    def _miss(self, brokers: set[bytes]) -> None:
        for broker in brokers - self._left:
            self.lost += 1
            self._site.may_run_again |= self._had.get(broker, set()) | self._had_before.get(broker, set())

    def _some_broker(self) -> int:
        return self._chance.randrange(self._site.size)

    def _some_proxies(self) -> list[Proxy]:
        return self._chance.sample(self._site.proxies, self._chance.randint(1, self._site.size))

    async def _a_while(self, least: float, most: float) -> None:
        await trio.sleep(self._chance.uniform(least, most))

    async def kill_a_broker(self) -> None:
        await strikes.a_broker_is_killed(self._site, self._some_broker())

    async def restart_a_broker(self) -> None:
        number = self._some_broker()
        port = self._site.ports[number]
        self._left |= {name for name, at in (await in_thread(self._site.named)).items() if at == port}
        await strikes.a_broker_is_restarted(self._site, number)

    async def stop_a_broker(self) -> None:
        broker = self._site.brokers[self._some_broker()]
        await in_thread(broker.pause)
        await self._a_while(0.2, 2 * strikes.TTL_SECONDS)
        await in_thread(broker.resume)

    async def kill_redis(self) -> None:
        await strikes.redis_is_killed(self._site)

    async def stop_redis(self) -> None:
        await in_thread(self._site.server.pause)
        await self._a_while(0.2, 2 * strikes.TTL_SECONDS)
        await in_thread(self._site.server.resume)

    async def kill_workers(self) -> None:
        workers = self._site.load.workers
        for peer in self._chance.sample(list(workers), self._chance.randint(1, len(workers))):
            had = workers[peer]
            await trio.aclose_forcefully(peer.stream)
            self._site.may_run_again |= set(had)

    async def cut_connections(self) -> None:
        for proxy in self._some_proxies():
            proxy.cut()

    async def lose_replies(self) -> None:
        proxies = self._some_proxies()
        for proxy in proxies:
            proxy.drop_replies = True
        await self._a_while(0.05, 0.5)
        strikes.heal(proxies)

    async def lose_everything(self) -> None:
        proxies = self._some_proxies()
        strikes.black_hole(proxies)
        await self._a_while(0.2, 2 * strikes.TTL_SECONDS)
        strikes.heal(proxies)

    async def kill_clients_of_redis(self) -> None:
        await in_thread(strikes.hang_up_on_all, self._site)


FAULTS: Final[dict[str, Callable[[Mischief], Awaitable[None]]]] = {
    "a broker is killed": Mischief.kill_a_broker,
    "a broker is restarted by TERM": Mischief.restart_a_broker,
    "a broker is stopped, and goes on": Mischief.stop_a_broker,
    "Redis is killed": Mischief.kill_redis,
    "Redis is stopped, and goes on": Mischief.stop_redis,
    "workers are killed": Mischief.kill_workers,
    "connections to Redis are cut": Mischief.cut_connections,
    "replies of Redis are lost": Mischief.lose_replies,
    "all that is said to and by Redis is lost": Mischief.lose_everything,
    "CLIENT KILL": Mischief.kill_clients_of_redis,
}
