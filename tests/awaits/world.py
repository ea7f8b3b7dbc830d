"""A broker that is struck at one of its awaits, the peers on the way, and what must be true afterwards."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, nullcontext
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import trio

from broker.app import open_broker
from broker.core import Broker
from broker.orders import Orders
from broker.session import Session
from broker.settings import Settings
from persistence.errors import StoreError
from persistence.keys import Keys, digest_of
from tests.awaits.leftovers import held, identities_are_free, without_a_defect
from tests.awaits.stores import Stored
from tests.awaits.watch import Await, Target, Watch
from tests.awaits.witness import GONE, Books, Witness, open_witness
from tests.broker.peers import PATIENCE_SECONDS, HungUpError
from tests.certified import certified
from tests.faults.ledger import jobs_left
from tests.faults.traces import nothing_is_left
from tests.persistence.pipes import until

FUNCTION: Final = b"f"
PREFIX: Final = "awaits"
_KEYS: Final = Keys(PREFIX.encode())
_TAG: Final = _KEYS.tag(digest_of(FUNCTION))
PROMPTLY_SECONDS: Final = 8.0
"""Less than the longest courtesy that a broker shows to a peer, and far more than a cancelled one needs."""


class Strike(Enum):
    """What is cancelled; the value is what the table says."""

    BROKER = "the broker"
    CLIENT = "the client's session"
    WORKER = "the worker's session"


class Way(NamedTuple):
    """What peers do on the way of a job."""

    go: Callable[["World"], Awaitable[None]]
    strikes: tuple[Strike, ...] = tuple(Strike)
    beside: bool = False
    """Whether there is another broker all the while."""
    from_start: bool = False
    """Whether the start of the broker belongs to the way."""
    tls: bool = False
    """Whether its peers speak TLS."""
    settings: Mapping[str, object] = MappingProxyType({})


class World:
    """One walk of a way. Peers are opened by the names "client" and "worker", or others if they are not struck.

    Attributes:
        broker: the one that is struck; None as long as it is not up.
        beside: the other one, if there is one.
    """

    def __init__(self, way: Way, strike: Strike, store: Stored, folder: Path, target: Target | None) -> None:
        self.way = way
        self.broker: Broker | None = None
        self.beside: Broker | None = None
        self.books = Books()
        self.servers = store.servers
        self._durability = store.durability
        self.watch = Watch(target, self._strike)
        self._strikes = strike
        self._folder = folder
        self._scope = trio.CancelScope()
        self._orders = Orders()
        self._up = trio.Event()
        self._over = trio.Event()
        self._witnesses: list[Witness] = []
        self._at_beside: set[Witness] = set()
        self._struck_session: Session | None = None
        self._stack = AsyncExitStack()

    # --- what a way does --------------------------------------------------------------------------------------

    async def peer(self, name: bytes, *, beside: bool = False) -> Witness:
        """A new connection."""
        broker = self.beside if beside else self.broker
        if broker is None:
            raise HungUpError
        witness = await self._open_witness(broker, name)
        self._witnesses.append(witness)
        if beside:
            self._at_beside.add(witness)
        return witness

    async def _open_witness(self, broker: Broker, name: bytes) -> Witness:
        tls = certified().trusting if self.way.tls else None
        return await self._stack.enter_async_context(open_witness(broker.addresses[0], name, self.books, tls))

    async def up(self) -> None:
        """Wait until the broker is there, or will not be."""
        await self._up.wait()

    def begin(self) -> None:
        """From here on awaits count."""
        self.watch.counting = True

    def stop(self, *, gracefully: bool) -> None:
        """Order the broker to end."""
        self._orders.stop_gracefully() if gracefully else self._orders.stop()

    async def over(self) -> None:
        """Wait until the broker has ended."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self._over.wait()

    def make_due(self) -> None:
        """The time of all that is scheduled has come."""
        client = self.servers.owner(_TAG).client()
        if late := client.zrange(_TAG + b":scheduled", 0, -1):
            client.zadd(_TAG + b":scheduled", dict.fromkeys(late, 1))
            client.execute_command("SPUBLISH", _TAG, "s")

    async def is_taken_for_lost(self) -> None:
        """The broker beside fences the one that is struck, which hears of it when it next says something."""
        assert self.beside is not None
        assert self.broker is not None
        await self.beside.store.janitor.return_everything_of(self.broker.store.link.incarnation)

    def cut_off_from_redis(self) -> None:
        """Break all connections to Redis."""
        for server in self.servers.primaries():
            for kind in ("normal", "pubsub"):
                server.client().execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    # --- the walk ---------------------------------------------------------------------------------------------

    async def walk(self) -> None:
        """Go the way, be struck, and look at what is left."""
        self.servers.flush()
        with without_a_defect():
            async with open_broker(self._settings("beside")) if self.way.beside else nullcontext() as self.beside:
                before = held()
                await self._walk()
                await until(lambda: held() == before)  # who left the broker beside is let go by it a moment later

    async def _walk(self) -> None:
        async with self._stack:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._live)
                await self._go()
                if self._struck_session is None:
                    self._scope.cancel()
                else:
                    await self._all_is_well_at(self.broker)
                    self.stop(gracefully=False)
                with trio.fail_after(PROMPTLY_SECONDS):
                    await self._over.wait()
            identities_are_free(self._folder / "struck")
            if self._struck_session is None:
                async with open_broker(self._settings("struck")) as successor:
                    await self._all_is_well_at(successor)

    async def _live(self) -> None:
        self.watch.follow(trio.lowlevel.current_task())
        self.watch.counting = self.way.from_start
        trio.lowlevel.add_instrument(self.watch)
        try:
            with self._scope:
                async with open_broker(self._settings("struck"), orders=self._orders) as self.broker:
                    self._up.set()
                    await self._orders.stopping.wait()
        finally:
            trio.lowlevel.remove_instrument(self.watch)
            self._up.set()
            self._over.set()

    async def _go(self) -> None:
        if not self.way.from_start:
            await self.up()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._stop_when_struck, nursery.cancel_scope)
            try:
                await self.way.go(self)
            except GONE:
                assert self.watch.struck.is_set() or self._orders.stopping.is_set()
            nursery.cancel_scope.cancel()
        self.watch.counting = False

    async def _stop_when_struck(self, scope: trio.CancelScope) -> None:
        """Who is on the way may wait for what is gone."""
        await self.watch.struck.wait()
        if self._strikes is Strike.BROKER:
            await self._over.wait()
        else:
            assert self.broker is not None
            with trio.fail_after(PROMPTLY_SECONDS):
                while self._struck_session in self.broker.sessions:
                    await trio.lowlevel.checkpoint()
        scope.cancel()

    def _strike(self) -> None:
        if self._strikes is Strike.BROKER:
            self._scope.cancel()
            return
        name = self._strikes.name.lower().encode()
        for session in self.broker.sessions if self.broker else ():
            if session.client_id == name:
                self._struck_session = session
                session.drop("a test wants it")

    def _settings(self, name: str) -> Settings:
        given = {"port": 0, "redis": self.servers.url, "redis_prefix": PREFIX, "data_dir": self._folder / name}
        given |= {"durability": self._durability}
        # A run that is lost with its broker must not be charged to its job: that would be its only one.
        retries = {"job_retries": 1} if self._strikes is Strike.BROKER else {}
        tls: dict[str, object] = {}
        if self.way.tls:
            pem = self._folder / "broker.pem"
            pem.parent.mkdir(parents=True, exist_ok=True)
            pem.write_bytes(certified().pem)
            tls = {"ssl": True, "ssl_certificate": pem}
        return Settings.model_validate({**given, **retries, **tls, **self.way.settings})

    # --- what must be true ------------------------------------------------------------------------------------

    async def _all_is_well_at(self, broker: Broker | None) -> None:
        assert broker is not None
        waiting = [witness for witness in self._witnesses if await self._still_waits(witness)]
        worker = await self._open_witness(broker, b"next")
        await worker.can_do(FUNCTION)
        await worker.heard()  # so its broker hears that the time has come
        await self._all_has_arrived(broker)
        self.make_due()
        await self.books.ledger.run_all(worker, FUNCTION)
        for witness in waiting:
            await witness.hear_the_end()
            await witness.leave()
        with trio.fail_after(PATIENCE_SECONDS):
            while await jobs_left(worker, FUNCTION):
                pass
        await worker.leave()
        self._nothing_is_lost()

    async def _all_has_arrived(self, broker: Broker) -> None:
        """What a client handed in who is gone by now may be under way; on a cluster that may take some trips."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                try:
                    await broker.store.asking.everything_before()
                except StoreError:  # a connection breaks
                    continue
                return

    async def _still_waits(self, witness: Witness) -> bool:
        """Whether it is owed an end, and lives. Others leave."""
        broker_lives = witness in self._at_beside or self._struck_session is not None
        if not broker_lives or self._is_struck(witness):
            await witness.hear_the_rest()
        elif witness.waits_for:
            return True
        await witness.leave()
        return False

    def _is_struck(self, witness: Witness) -> bool:
        return witness.name == self._strikes.name.lower().encode()

    def _nothing_is_lost(self) -> None:
        self.books.ledger.nothing_is_lost()
        client = self.servers.owner(_TAG).client()
        counted = client.hgetall(_KEYS.function(_TAG))
        if b"submitted" in counted:
            nothing_is_left(client, PREFIX, FUNCTION)
        if self._strikes is Strike.BROKER:
            assert b"dead" not in counted


async def walk(
    way: Way, strike: Strike, store: Stored, folder: Path, target: Target | None = None
) -> tuple[dict[Await, int], bool]:
    """Go a way; which awaits there were how often, and whether it was struck."""
    world = World(way, strike, store, folder, target)
    await world.walk()
    return world.watch.seen, world.watch.struck.is_set()
