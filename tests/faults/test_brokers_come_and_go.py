"""Three brokers as operators run them, on one Redis: restarted one after the other under load, and one killed."""

import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import trio

from broker.settings import Settings
from persistence.janitor import LOOKS_PER_TTL
from persistence.keeper import RAISES_PER_TTL
from persistence.keys import Keys
from persistence.records import INCARNATION_BYTES, Incarnation, read_handle
from persistence.sightings import Sightings
from protocol import JobAssignUniq, WorkComplete
from tests.broker.peers import open_peer
from tests.faults.ledger import jobs_left
from tests.faults.load import CALL, LOAD, Load
from tests.faults.traces import all_mail_is_read, nothing_is_left
from tests.log_lines import wait_for_line
from tests.persistence.pipes import until
from tests.processes import BrokerProcess
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer, find_engine

PREFIX: Final = "come-and-go"
BROKERS: Final = 3
LOADED: Final = (LOAD, CALL)
SHORT_TTL: Final = 2.0
BY_DEFAULT_AT_MOST_SECONDS: Final = 15.0


class Way(NamedTuple):
    """How a broker is told to end, and what is then promised of what runs."""

    signal: signal.Signals
    flags: tuple[str, ...]
    may_run_twice: bool
    engine: str


WAYS: Final = {
    "TERM with a grace time": Way(signal.SIGTERM, (f"--grace={PATIENCE_SECONDS:g}",), False, "valkey"),
    "USR1": Way(signal.SIGUSR1, (), False, "redis"),
    "TERM at once": Way(signal.SIGTERM, (), True, "valkey"),
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is entered here leaves nothing behind."""
    with ExitStack() as entered:
        yield entered


def make_redis(stack: ExitStack, engine: str) -> RedisServer:
    server = RedisServer(find_engine(engine), *AOF)
    stack.callback(server.clean_up)
    server.start()
    return server


def start_brokers(stack: ExitStack, server: RedisServer, folder: Path, *flags: str) -> list[BrokerProcess]:
    given = (f"--redis={server.url}", f"--redis-prefix={PREFIX}", "--store-timeout=20", *flags)
    return [
        stack.enter_context(BrokerProcess(folder / str(number) / "data", *given, port=None))
        for number in range(BROKERS)
    ]


@asynccontextmanager
async def under_load(brokers: list[BrokerProcess]) -> AsyncIterator[Load]:
    """Clients submit and call, workers work; whose broker is gone tries the next. At the end nothing is left to run."""
    load = Load()

    def anywhere(first: int) -> Callable[[], int]:
        ports = cycle([*brokers[first:], *brokers[:first]])
        return lambda: next(ports).port

    async with trio.open_nursery() as workers:
        for number in range(BROKERS):
            workers.start_soon(load.work, anywhere(number))
        async with trio.open_nursery() as clients:
            for number in range(2):
                clients.start_soon(load.submit, b"client %d" % number, anywhere(number))
            clients.start_soon(load.call, b"caller", anywhere(2))
            yield load
            load.end()
        async with open_peer(("127.0.0.1", brokers[0].port)) as asking:
            for function in LOADED:
                while await jobs_left(asking, function):
                    await load.pause()
        workers.cancel_scope.cancel()


async def restart(broker: BrokerProcess, way: Way, load: Load) -> set[bytes]:
    """Tell it to end while a job of its runs for sure, and start it again; returns what may run a second time."""
    async with open_peer((broker.host, broker.port)) as holder:
        await holder.can_do(LOAD)
        held: JobAssignUniq = await holder.take()
        load.ledger.handed_out(held)
        in_flight = {held.payload} | load.in_flight()
        broker.send(way.signal)
        if not way.may_run_twice:
            await trio.to_thread.run_sync(wait_for_line, broker.log, "waiting for what runs to end (")
            await holder.say(WorkComplete(held.handle, held.payload[::-1]))
        assert await trio.to_thread.run_sync(broker.wait) == 0
    in_flight |= load.in_flight()
    await trio.to_thread.run_sync(broker.start)
    return in_flight if way.may_run_twice else set()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_rolling_restart_under_load_loses_nothing_and_runs_nothing_twice(
    way: Way, stack: ExitStack, tmp_path: Path
) -> None:
    server = make_redis(stack, way.engine)
    brokers = await trio.to_thread.run_sync(start_brokers, stack, server, tmp_path, *way.flags)
    twice = set[bytes]()
    with trio.fail_after(4 * PATIENCE_SECONDS):
        async with under_load(brokers) as load:
            for broker in brokers:
                twice |= await restart(broker, way, load)
                await load.goes_on()
        load.ledger.nothing_is_lost()
        assert load.ledger.ran_again | load.calls.ran_again <= twice
        for function in LOADED:
            await until(partial(all_mail_is_read, server.client(), PREFIX, function))
            nothing_is_left(server.client(), PREFIX, function)


def incarnation_in(handle: bytes) -> Incarnation:
    """Of the broker that took this job."""
    found = read_handle(handle)
    assert found is not None
    return Incarnation(found[1][:INCARNATION_BYTES])


async def until_raised(server: RedisServer, name: Incarnation) -> float:
    """Wait for the next time this broker raises its presence; returns an instant shortly before that."""
    client, key = server.client(), Keys(PREFIX.encode()).beats
    asked, first = time.monotonic(), client.hget(key, name)
    with trio.fail_after(PATIENCE_SECONDS):
        while True:
            asking = time.monotonic()
            if client.hget(key, name) != first:
                return asked
            asked = asking
            await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("engine", ["redis", "valkey"])
async def test_what_one_of_three_ran_when_it_was_killed_is_handed_to_others(
    engine: str, stack: ExitStack, tmp_path: Path
) -> None:
    server = make_redis(stack, engine)
    brokers = await trio.to_thread.run_sync(start_brokers, stack, server, tmp_path, f"--presence-ttl={SHORT_TTL:g}")
    victim, *others = brokers
    async with (
        open_peer((victim.host, victim.port)) as unlucky,
        open_peer((others[0].host, others[0].port)) as client,
        open_peer((others[1].host, others[1].port)) as worker,
    ):
        name = incarnation_in(await unlucky.submit_background(LOAD, b"0"))
        handles = {await client.submit_background(LOAD, b"%d" % number) for number in range(3)}
        await unlucky.can_do(LOAD)
        job = await unlucky.grab()
        await unlucky.say(WorkComplete(job.handle, b""))
        assert {(await unlucky.grab()).handle for _ in handles} == handles
        await worker.can_do(LOAD)
        assert await worker.finds_nothing()
        raised_after = await until_raised(server, name)
        await trio.to_thread.run_sync(victim.kill9)
        again = set[bytes]()
        while again != handles:
            with trio.fail_after(PATIENCE_SECONDS):
                job = await worker.take()
            again.add(job.handle)
            await worker.say(WorkComplete(job.handle, b""))
        assert time.monotonic() - raised_after >= SHORT_TTL, "it was given up before the others could be sure"
        with trio.fail_after(PATIENCE_SECONDS):
            while await jobs_left(client, LOAD):
                pass  # the last end was told to another broker than the one that is asked
    assert sum(broker.output().count("is lost; returning its jobs") for broker in others) >= 1


def seconds_to_notice(ttl: float, first_look: float, killed_at: float) -> float:
    """How long after a kill a janitor knows of it, that looks first then, when the dead raised from 0 on."""
    sightings, looks = Sightings(ttl, 0.0), 0
    while True:
        now = first_look + looks * ttl / LOOKS_PER_TTL
        beats = int(min(now, killed_at) / (ttl / RAISES_PER_TTL))
        if sightings.lapsed({Incarnation(b"x"): beats}, now, now):
            return now - killed_at
        looks += 1


def test_the_presence_ttl_bounds_how_long_that_takes_whenever_it_dies_and_the_others_look() -> None:
    ttl = Settings().presence_ttl
    steps = [step / 20 for step in range(20)]
    longest = max(
        seconds_to_notice(ttl, first * ttl / LOOKS_PER_TTL, 3 * ttl + killed * ttl / RAISES_PER_TTL)
        for first in steps
        for killed in steps
    )
    assert longest <= ttl * (1 + 2 / LOOKS_PER_TTL) < BY_DEFAULT_AT_MOST_SECONDS
