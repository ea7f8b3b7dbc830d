"""Where faults happen: two brokers on one Redis, each with a proxy between, and the load on both."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import trio

from persistence.keys import Keys, digest_of
from persistence.records import unpack_record
from tests.broker.peers import open_peer
from tests.faults.ledger import jobs_left
from tests.faults.load import FUNCTIONS, LINE, LOAD, Load
from tests.faults.proxy import Proxy, open_proxy
from tests.faults.traces import all_mail_is_read, completed, nothing_is_left
from tests.persistence.pipes import until
from tests.servers import RedisServer

PREFIX: Final = "load"
BROKERS: Final = 2


class Addressed(Protocol):
    """A broker in a process of its own."""

    async def address(self) -> tuple[str, int]:
        """Where it listens, once it does."""
        ...


AnyBroker = TypeVar("AnyBroker", bound=Addressed)


class Site(Generic[AnyBroker]):
    """Two brokers, and who is at work at them.

    Args:
        server: the Redis of both.
        start: starts a broker.
        folder: where their data directories are.
        fields: of their settings.
        options: of the URL of their Redis, as they stand behind its question mark.

    Attributes:
        may_run_again: what was in flight when something was lost on purpose.
    """

    def __init__(
        self,
        server: RedisServer,
        start: Callable[..., AnyBroker],
        folder: Path,
        fields: Mapping[str, object],
        options: str = "",
    ) -> None:
        self.server = server
        self.load = Load()
        self.proxies: list[Proxy] = []
        self.brokers: list[AnyBroker] = []
        self.ports: list[int] = []
        self.may_run_again: set[bytes] = set()
        self._start, self._folder, self._fields, self._options = start, folder, fields, options

    async def build(self, stack: AsyncExitStack) -> None:
        """Start both brokers."""
        for number in range(BROKERS):
            self.proxies.append(await stack.enter_async_context(open_proxy(Proxy(self.server.port))))
            self.brokers.append(self.broker(number))
            self.ports.append((await self.brokers[number].address())[1])

    def broker(self, number: int) -> AnyBroker:
        """Start one, anew if it was there before."""
        credentials = f":{self.server.password}@" if self.server.password else ""
        redis = f"redis://{credentials}127.0.0.1:{self.proxies[number].port}{self._options}"
        return self._start(redis, PREFIX, self._folder / str(number), **self._fields)

    @property
    def redis(self) -> Any:
        """Our own view of Redis; blocking."""
        return self.server.client()

    def presences(self) -> set[bytes]:
        """The brokers that Redis knows."""
        return set(self.redis.hkeys(Keys(PREFIX.encode()).beats))

    def incarnation(self, number: int) -> bytes:
        """The name under which Redis knows one of the brokers."""
        address = f"127.0.0.1:{self.ports[number]}"
        described = self.redis.hgetall(Keys(PREFIX.encode()).root + b":brokers")
        (name,) = (name for name, words in described.items() if address in json.loads(words)["addresses"])
        return bytes(name)

    def note_in_flight(self) -> None:
        """What workers have just now may be run again."""
        self.may_run_again |= self.load.in_flight()

    def note_running(self, incarnation: bytes) -> None:
        """So may what Redis believes to run at this broker, though none of its workers has heard of it yet."""
        keys = Keys(PREFIX.encode())
        for tag in [keys.tag(digest_of(function)) for function in FUNCTIONS]:
            ids = self.redis.zrange(tag + b":running:" + incarnation, 0, -1)
            records = self.redis.hmget(keys.jobs(tag), ids) if ids else []
            self.may_run_again |= {unpack_record(record).payload for record in records if record}

    async def under_load(self, strike: Callable[[], Awaitable[None]]) -> None:
        """Clients and workers at both brokers; in the middle the fault; then the load goes on, ends, and drains."""
        load = self.load
        async with trio.open_nursery() as workers:
            for number in range(4):
                workers.start_soon(load.work, self._where(number % 2))
            workers.start_soon(load.work_off_the_line, self._where(0))
            async with trio.open_nursery() as clients:
                for number in range(3):
                    clients.start_soon(load.submit, b"client %d" % number, self._where(number % 2))
                for number in range(2):
                    clients.start_soon(load.call, b"caller %d" % number, self._where(number % 2))
                clients.start_soon(load.queue_up, self._where(1))
                await load.goes_on()
                await strike()
                await load.goes_on()
                load.end()
            await self.drained()
            workers.cancel_scope.cancel()

    async def drained(self) -> None:
        """Wait until no job is left, as `status` has it."""
        async with open_peer(("127.0.0.1", self.ports[1])) as asking:
            for function in FUNCTIONS:
                while await jobs_left(asking, function):
                    await self.load.pause()

    async def all_is_well(self, *, loses_a_broker: bool) -> None:
        """The invariants."""
        load = self.load
        for ledger in (load.ledger, load.calls):
            assert ledger.ran_again <= self.may_run_again
        load.ledger.nothing_is_lost()
        turns = sum(after <= before for before, after in zip(load.line, load.line[1:], strict=False))
        assert turns <= loses_a_broker, load.line
        assert not load.failed_calls or loses_a_broker or load.ledger.excused
        for function in FUNCTIONS:
            await until(partial(all_mail_is_read, self.redis, PREFIX, function))
            nothing_is_left(self.redis, PREFIX, function)
        counted = sum(completed(self.redis, PREFIX, function) for function in (LOAD, LINE))
        assert counted == len(load.ledger.runs) or load.ledger.excused

    def _where(self, number: int) -> Callable[[], int]:
        return lambda: self.ports[number]
