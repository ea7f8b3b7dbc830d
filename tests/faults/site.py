"""Where faults happen: brokers on one Redis, each with a proxy between, and the load on both."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import trio

from persistence.keys import Keys, digest_of
from persistence.records import JobId, handle_of
from tests.broker.peers import open_peer
from tests.faults.ledger import jobs_left
from tests.faults.load import FUNCTIONS, LINE, LOAD, SHARED, Load
from tests.faults.proxy import Proxy, open_proxy
from tests.faults.traces import all_mail_is_read, nothing_is_left, over
from tests.persistence.pipes import until
from tests.persistence.record import unpack_record
from tests.servers import RedisServer

PREFIX: Final = "load"


class Addressed(Protocol):
    """A broker in a process of its own."""

    async def address(self) -> tuple[str, int]:
        """Where it listens, once it does."""
        ...


AnyBroker = TypeVar("AnyBroker", bound=Addressed)


class Site(Generic[AnyBroker]):
    """Some brokers, and who is at work at them.

    Args:
        server: the Redis of both.
        start: starts a broker.
        folder: where their data directories are.
        fields: of their settings.
        options: of the URL of their Redis, with the question mark in front.
        load: what clients and workers do.
        size: how many brokers.

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
        *,
        load: Load | None = None,
        size: int = 2,
    ) -> None:
        self.server = server
        self.load = load or Load()
        self.size = size
        self.proxies: list[Proxy] = []
        self.brokers: list[AnyBroker] = []
        self.ports: list[int] = []
        self.may_run_again: set[bytes] = set()
        self._start, self._folder, self._fields, self._options = start, folder, fields, options

    async def build(self, stack: AsyncExitStack) -> None:
        """Start all brokers."""
        for number in range(self.size):
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

    def named(self) -> dict[bytes, int]:
        """The names under which Redis knows the brokers, and their ports."""
        described = self.redis.hgetall(Keys(PREFIX.encode()).root + b":brokers")
        return {name: int(json.loads(words)["addresses"][0].rpartition(":")[2]) for name, words in described.items()}

    def incarnation(self, number: int) -> bytes:
        """The name of one of the brokers."""
        (name,) = (name for name, port in self.named().items() if port == self.ports[number])
        return name

    def note_in_flight(self) -> None:
        """What workers have just now may be run again."""
        self.may_run_again |= self.load.in_flight()

    def running(self, incarnation: bytes) -> set[bytes]:
        """What Redis believes to run at this broker, though perhaps none of its workers has heard of it yet."""
        keys, payloads = Keys(PREFIX.encode()), set()
        for function in FUNCTIONS:
            digest = digest_of(function)
            tag = keys.tag(digest)
            ids = self.redis.zrange(tag + b":running:" + incarnation, 0, -1)
            records = self.redis.hmget(keys.jobs(tag), ids) if ids else []
            for job, packed in zip(ids, records, strict=True):
                if packed:
                    record = unpack_record(packed)
                    payloads.add(self.redis.get(keys.payload(tag, job)) if record.beside else record.payload)
            if function == SHARED:
                payloads |= {handle_of(b"H:", digest, JobId(job)) for job in ids}
        return payloads

    async def under_load(self, strike: Callable[[], Awaitable[None]]) -> None:
        """Clients and workers at all brokers; in the middle the fault; then the load goes on, ends, and drains."""
        load = self.load
        async with trio.open_nursery() as workers:
            for number in range(2 * self.size):
                workers.start_soon(load.work, self._where(number))
            workers.start_soon(load.work_off_the_line, self._where(0))
            async with trio.open_nursery() as clients:
                for number in range(self.size):
                    clients.start_soon(load.submit, b"client %d" % number, self._where(number))
                    clients.start_soon(load.call, b"caller %d" % number, self._where(number))
                    clients.start_soon(load.share, self._where(number))
                clients.start_soon(load.queue_up, self._where(1))
                await load.goes_on()
                await strike()
                await load.goes_on()
                load.end()
            await self.drained()
            workers.cancel_scope.cancel()

    async def all_take_jobs(self) -> None:
        """Wait until every broker has stored a job."""
        for port in self.ports:
            async with open_peer(("127.0.0.1", port)) as peer:
                while not await self.load.submit_one(peer):
                    await self.load.pause()

    async def drained(self) -> None:
        """Wait until no job is left, as `status` has it."""
        async with open_peer(("127.0.0.1", self.ports[1])) as asking:
            for function in FUNCTIONS:
                while await jobs_left(asking, function):
                    await self.load.pause()

    async def all_that_was_acknowledged_ran(self) -> None:
        """What must be so even if ends, and jobs that somebody waits for, were lost with a server."""
        load = self.load
        load.ledger.nothing_is_lost()
        load.shared.nothing_is_lost()
        assert load.ledger.ran_again <= self.may_run_again, load.ledger.ran_again - self.may_run_again
        for function in FUNCTIONS:
            await until(partial(all_mail_is_read, self.redis, PREFIX, function))
            nothing_is_left(self.redis, PREFIX, function)

    async def all_is_well(self, *, loses_a_broker: bool, turns: int) -> None:
        """The invariants. The line may have lost its order so often: whenever a job of it was given back."""
        load = self.load
        for ledger in (load.ledger, load.calls, load.shared):
            assert ledger.ran_again <= self.may_run_again, ledger.ran_again - self.may_run_again
        if not load.ledger.excused:
            load.shared.nothing_is_lost()
        load.ledger.nothing_is_lost()
        turned = sum(after <= before for before, after in zip(load.line, load.line[1:], strict=False))
        assert turned <= turns, load.line
        assert not load.failed_calls or loses_a_broker
        for function in FUNCTIONS:
            await until(partial(all_mail_is_read, self.redis, PREFIX, function))
            nothing_is_left(self.redis, PREFIX, function)
        counted = sum(over(self.redis, PREFIX, function) for function in (LOAD, LINE))
        assert counted == len(load.ledger.runs) or load.ledger.excused

    def _where(self, number: int) -> Callable[[], int]:
        return lambda: self.ports[number % self.size]
