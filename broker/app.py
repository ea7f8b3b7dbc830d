"""A broker from its start to its end: bind, find the store, listen, serve, stop.

    async with open_broker(Settings(port=0)) as broker:
        print(broker.addresses)

What is opened later depends on what was opened before, and is closed before it.
"""

import hashlib
import logging
import math
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from typing import Final

import trio

from broker.binding import bind, listen, resolve
from broker.core import Broker
from broker.departures import Departures
from broker.detaching import detach_the_unwanted
from broker.dispatch import handlers_of
from broker.durability import durability_of
from broker.duties import sweep, watch_promises, watch_time_limits
from broker.hearing import Hearing
from broker.holding_back import hold_back_at
from broker.listening import accept, prepare
from broker.orders import Orders
from broker.places import places_beside
from broker.settings import Settings
from broker.stores import Place, mind_weaknesses, open_place
from broker.tls import Certificates
from broker.waking import give_back_reservations
from broker.working import lose, note_progress
from persistence import Identity, Incarnation, Manner, Store, StoreError, StoreForgetsError, claim_identity, open_store
from persistence.unwrapping import unwrapped

log = logging.getLogger(__name__)

LAST_WORDS_SECONDS: Final = 2.0
"""How long peers get to hear the answers that are on their way when we stop."""
LATE_RETURN: Final = (
    "after a kill, jobs that ran here return only after --presence-ttl: %s; give a --data-dir that this user may write"
)
HEAR_OUT_SECONDS: Final = 0.5
"""How long what peers have said by then may take to be heard, for who floods us never ends; it leaves most of the time
for last words to the answers."""
LEAVE_SECONDS: Final = 5.0
"""How long a goodbye to Redis may take. What is not said, the others find out by themselves."""


@asynccontextmanager
async def open_broker(settings: Settings, *, orders: Orders | None = None) -> AsyncIterator[Broker]:
    """Run a broker for the length of the block; when the block begins, it listens and its store answers.

    The end of the block is a clean stop: nothing is accepted any more, running jobs get `settings.grace` seconds
    to end, the rest is given back. Cancelled, it stops at once; its jobs are returned by the next broker with the same
    data directory, or by any other after `settings.presence_ttl`.

    Somebody may ask the broker to end, by the text command ``shutdown`` for instance. It cannot end your block, so it
    sets `broker.orders.stopping`: wait for that if you want to obey. `orders` is for whoever gives some before there
    is a broker, as signals do.

    Raises TlsError when the files for TLS cannot be used, OSError when it cannot listen, StoreError when the store
    cannot be used, each before the block begins. An exception of the block comes out as it went in.
    """
    with unwrapped():
        async with AsyncExitStack() as stack:
            certificates = Certificates(settings) if settings.ssl else None
            sockets = bind(await resolve(settings), shared=settings.processes > 1)
            for sock in sockets:
                stack.callback(sock.close)
            place = await stack.enter_async_context(open_place(settings))
            # Before the tasks, for one of them may be writing to it when all ends.
            identity = stack.enter_context(_identity(place))
            tasks = await stack.enter_async_context(trio.open_nursery())
            broker = Broker(settings, tasks.start_soon, orders or Orders(settings.grace))
            broker.certificates = certificates
            broker.handlers = handlers_of(broker)
            broker.departures = Departures(broker)
            if broker.switchboard is not None:
                stack.callback(broker.switchboard.close)
            broker.addresses = [sock.getsockname()[:2] for sock in sockets]
            broker.data = place.words
            store = _store(broker, place)
            async with open_store(store, previous=_previous(identity)):
                try:
                    await mind_weaknesses(settings, store)
                except StoreForgetsError:
                    await _leave(broker, identity)  # or others would take for lost who never served
                    raise
                await _write(identity, store.link.incarnation)
                for sock in sockets:
                    prepare(sock, settings)
                listen(sockets, settings.backlog)  # not before: who is let in is served
                store.on_new_incarnation = lambda name: tasks.start_soon(_write, identity, name)
                async with _serving(broker, sockets):
                    yield broker
                await _leave(broker, identity)
            tasks.cancel_scope.cancel()


async def serve(
    settings: Settings, *, task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED
) -> None:
    """Run a broker until it is ordered to stop, as by ``shutdown`` from a peer on this machine.

    `nursery.start` returns the addresses it listens on.

    Cancelled, it stops at once. Raises what `open_broker` raises.
    """
    async with open_broker(settings) as broker:
        task_status.started(broker.addresses)
        await broker.orders.stopping.wait()


def _store(broker: Broker, place: Place) -> Store:
    settings = broker.settings
    broker.store = Store(
        place.options,
        Hearing(broker),
        prefix=settings.redis_prefix.encode(),
        handle_prefix=settings.job_handle_prefix.encode(),
        store_timeout_seconds=settings.store_timeout,
        presence_ttl_seconds=settings.presence_ttl,
        describe=broker.describe,
        durability=durability_of(settings),
        results_limit_bytes=settings.results_limit,
    )
    hold_back_at(broker, broker.store.link.arrears)
    broker.flusher.before = lambda: _ask_the_store(broker)
    return broker.store


def _ask_the_store(broker: Broker) -> None:
    note_progress(broker)
    detach_the_unwanted(broker)
    broker.store.flush()


@asynccontextmanager
async def _serving(broker: Broker, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """Accept and serve for the length of the block; then let what runs end, and give back the rest."""
    async with trio.open_nursery() as serving:
        places = places_beside(broker.settings.max_connections)
        for duty in (watch_time_limits, watch_promises, sweep):
            serving.start_soon(duty, broker)
        serving.start_soon(broker.departures.run)
        if broker.switchboard is not None:
            serving.start_soon(broker.switchboard.run)
        async with trio.open_nursery() as accepting:
            for sock in sockets:
                accepting.start_soon(accept, broker, serving, sock, places)
            yield
            accepting.cancel_scope.cancel()
        for sock in sockets:
            sock.close()
        await _wind_down(broker)
        serving.cancel_scope.cancel()
    broker.departures.see_off_all()


async def _wind_down(broker: Broker) -> None:
    broker.leaving = True
    for line in broker.roster.lines.values():
        give_back_reservations(broker, line)
    orders, ending = broker.orders, broker.store.ending
    limit = "" if math.isinf(orders.seconds) else f", {orders.seconds:g} s at most"
    if orders.seconds and broker.runs.by_handle:
        log.warning("waiting for what runs to end (%d)%s", len(broker.runs.by_handle), limit)
    if orders.seconds and ending.owes and not broker.store.connected:
        log.warning("waiting for the store, which does not know yet that jobs have ended (%d)%s", ending.owes, limit)
    with orders.patience():
        await broker.runs.wait_empty()
        await ending.wait_written()  # else those jobs would run again
    with trio.move_on_after(LAST_WORDS_SECONDS):
        await _say_the_last_words(broker)
    # All at once, so that they keep their order: each session gives back its own as it ends, which is in any order.
    lose(broker, list(broker.runs.by_handle.values()), Manner.HOUSE)


async def _say_the_last_words(broker: Broker) -> None:
    """What was handed in before is stored, what was asked is answered, and what ended is told before we hang up."""
    if broker.switchboard is not None:
        # What a worker said of its job's end may still lie in its socket, if we stood still or many spoke at once.
        with trio.move_on_after(HEAR_OUT_SECONDS):
            await broker.switchboard.hear_all()
    with suppress(StoreError):
        # Redis answers in order: with this, all that was asked before is answered.
        await broker.store.asking.everything_before()
    for session in tuple(broker.sessions):
        await session.wait_said()


async def _leave(broker: Broker, identity: Identity | None) -> None:
    with trio.move_on_after(LEAVE_SECONDS):
        try:
            with broker.store.hoping():
                has_left = await broker.store.leave()
            if has_left:  # else the next in our place is told whose jobs to return at once
                await _write(identity, Incarnation(b""))
        except StoreError as error:
            log.warning("could not say goodbye to the store, others will notice: %s", error)


def _identity(place: Place) -> AbstractContextManager[Identity | None]:
    """Who we are on this machine, so that the next to start in our place knows that we are gone.

    Without one everything works, only later: others find out when our presence stands still.
    """
    name = "identity-" + hashlib.blake2b(place.key, digest_size=6).hexdigest()
    try:
        return claim_identity(place.directory, name)
    except StoreError as error:
        log.warning(LATE_RETURN, error)
        return nullcontext()


def _previous(identity: Identity | None) -> Incarnation | None:
    return Incarnation(identity.previous) if identity is not None and identity.previous else None


async def _write(identity: Identity | None, incarnation: Incarnation) -> None:
    if identity is not None:
        try:
            await identity.write(incarnation)
        except StoreError as error:
            log.warning(LATE_RETURN, error)
