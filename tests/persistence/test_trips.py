"""What each verb costs: trips to Redis, counted by the pipes of a real store.

A trip is one write to a socket; all that is asked within one pass of the scheduler shares it. What costs no trip
at all is the broker's doing, and counted there.
"""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from persistence import ClaimedJob, Limits, Manner
from tests.persistence.pipes import until
from tests.persistence.store.standin import Standin
from tests.servers import PATIENCE_SECONDS, RedisServer

FUNCTIONS = (b"resize", b"send", b"index")
LARGE = bytes(65_536)

Act = Callable[[Standin], Awaitable[object]]
Prepare = Callable[[Standin], Awaitable[Act]]


@pytest.fixture
async def broker(redis_server: RedisServer, nursery: trio.Nursery) -> Standin:
    """One whose duties have nothing to do for a while, and that has met the functions."""
    broker = Standin(redis_server, presence_ttl_seconds=3600)
    await nursery.start(lambda task_status: broker.run(task_status=task_status))
    for function in FUNCTIONS:
        broker.function(function)
    await at_rest(broker)
    return broker


async def at_rest(broker: Standin) -> None:
    """Wait until the trips of two questions, one on each pipe, lead to no other: then no duty is on its first round."""
    pipes, commands = (broker.store.pipe, broker.store.bulk), -1
    while commands != len(pipes):
        before = sent(broker)[1]
        for pipe in pipes:
            await pipe.settled(PATIENCE_SECONDS)
        await trio.testing.wait_all_tasks_blocked()
        commands = sent(broker)[1] - before


def sent(broker: Standin) -> tuple[int, int]:
    """Trips and commands so far."""
    both = [pipe.statistics() for pipe in (broker.store.pipe, broker.store.bulk)]
    return sum(one.sends for one in both), sum(one.commands for one in both)


async def cost(broker: Standin, act: Act) -> tuple[int, int]:
    trips, commands = sent(broker)
    await act(broker)
    after = sent(broker)
    return after[0] - trips, after[1] - commands


async def to_submit(broker: Standin) -> Act:
    return lambda broker: broker.submit()


async def to_submit_for_a_sleeper(broker: Standin) -> Act:
    async def act(broker: Standin) -> None:
        answer = await broker.submit(handed=True)
        assert answer.handed is not None

    return act


async def to_submit_a_hundred_in_a_pass(broker: Standin) -> Act:
    async def act(broker: Standin) -> None:
        submits = [broker.submit_soon(function=FUNCTIONS[at % 3]) for at in range(100)]
        await until(lambda: all(submits))

    return act


async def to_claim(broker: Standin) -> Act:
    await broker.submit()
    return lambda broker: broker.claim()


async def to_submit_what_is_large(broker: Standin) -> Act:
    return lambda broker: broker.submit(LARGE)


async def to_claim_what_is_large(broker: Standin) -> Act:
    await broker.submit(LARGE)
    return lambda broker: broker.claim()


async def to_claim_what_is_large_and_came_elsewhere(broker: Standin) -> Act:
    submitted = await broker.submit(LARGE)
    assert broker.store.claiming.kept.take(broker.function(), submitted.id) == LARGE
    return lambda broker: broker.claim()


async def to_claim_nothing(broker: Standin) -> Act:
    return lambda broker: broker.look()


async def to_finish(broker: Standin) -> Act:
    await broker.submit(unique=b"u", background=False)
    job = await broker.claim()
    return lambda broker: broker.finish(job, bytes(100))


async def to_ask_for_a_status(broker: Standin) -> Act:
    submitted = await broker.submit()
    return lambda broker: broker.status(broker.handle(submitted.id))


async def to_ask_for_a_foreign_status(broker: Standin) -> Act:
    return lambda broker: broker.status(b"H:lap:1")


async def to_ask_for_the_status_of_a_unique(broker: Standin) -> Act:
    await broker.submit(function=FUNCTIONS[2], unique=b"u")
    return lambda broker: broker.status_of_unique(b"u")


async def to_note_progress(broker: Standin) -> Act:
    await broker.submit()
    job = await broker.claim()

    async def act(broker: Standin) -> None:
        broker.store.ending.progress(broker.function(), job.id, 1, 1, 2)
        await until(lambda: broker.store.pipe.statistics().in_flight == 0)
        await trio.testing.wait_all_tasks_blocked()

    return act


async def fifteen_runs(broker: Standin) -> list[ClaimedJob]:
    jobs = []
    for function in FUNCTIONS:
        for _ in range(5):
            await broker.submit(function=function)
            jobs.append(await broker.claim(function))
    return jobs


async def to_note_the_progress_of_all(broker: Standin) -> Act:
    jobs = await fifteen_runs(broker)

    async def act(broker: Standin) -> None:
        for job in jobs:
            broker.store.ending.progress(broker.function(job.function), job.id, 1, 1, 2)
        await trio.testing.wait_all_tasks_blocked()
        await until(lambda: broker.store.pipe.statistics().in_flight == 0)

    return act


async def to_lose_a_connection(broker: Standin) -> Act:
    jobs = await fifteen_runs(broker)

    async def act(broker: Standin) -> None:
        words: list[list[bytes]] = []
        for function in FUNCTIONS:
            runs = [(job.id, job.attempt) for job in reversed(jobs) if job.function == function]
            broker.store.ending.requeue(broker.function(function), runs, Manner.SUSPECT, -1, words.append)
        await until(lambda: len(words) == 3)
        assert words == [[b"requeued"] * 5] * 3

    return act


async def to_cancel(broker: Standin) -> Act:
    submitted = await broker.submit(unique=b"u")
    await broker.claim()
    return lambda broker: broker.store.steering.cancel(broker.handle(submitted.id))


async def to_revive(broker: Standin) -> Act:
    submitted = await broker.submit(unique=b"u")
    await broker.requeue(await broker.claim(), limit=1)
    return lambda broker: broker.store.steering.revive(broker.handle(submitted.id))


async def to_limit(broker: Standin) -> Act:
    return lambda broker: broker.store.steering.limit(FUNCTIONS[0], Limits(1, 2, 3))


async def to_make_a_function(broker: Standin) -> Act:
    return lambda broker: broker.store.steering.create(b"new")


async def to_drop_a_function(broker: Standin) -> Act:
    return lambda broker: broker.store.steering.drop(FUNCTIONS[0])


async def to_submit_to_a_dropped_function(broker: Standin) -> Act:
    await broker.store.steering.drop(FUNCTIONS[0])
    return lambda broker: broker.submit(function=FUNCTIONS[0])


async def to_count_three_functions(broker: Standin) -> Act:
    return lambda broker: broker.store.asking.counts_of(FUNCTIONS)


async def to_do_it_all_in_one_pass(broker: Standin) -> Act:
    await broker.submit(unique=b"u")
    job = await broker.claim()

    async def act(broker: Standin) -> None:
        broker.store.ending.progress(broker.function(), job.id, 1, 1, 2)
        words = broker.finish_soon(job)
        submit, looks = broker.submit_soon(unique=b"u"), broker.claim_soon()
        broker.store.listen(broker.function())
        await until(lambda: bool(words and submit and looks))

    return act


async def to_leave(broker: Standin) -> Act:
    return lambda broker: broker.store.leave()


TABLE: dict[str, tuple[Prepare, int, int]] = {
    # what:                              (how to get there, trips, commands)
    "a submit": (to_submit, 1, 1),
    "a submit with its hand-off": (to_submit_for_a_sleeper, 1, 1),
    "a hundred submits of one pass": (to_submit_a_hundred_in_a_pass, 1, 100),
    "a claim": (to_claim, 1, 1),
    "a submit of over 64 kB": (to_submit_what_is_large, 1, 2),
    "a claim of over 64 kB": (to_claim_what_is_large_and_came_elsewhere, 2, 2),
    "a claim of over 64 kB that came here": (to_claim_what_is_large, 1, 1),
    "a claim that finds nothing": (to_claim_nothing, 1, 1),
    "a finish": (to_finish, 1, 1),
    "a status": (to_ask_for_a_status, 1, 1),
    "a status of a handle that is not ours": (to_ask_for_a_foreign_status, 0, 0),
    "a status of a unique": (to_ask_for_the_status_of_a_unique, 1, 1),
    "progress": (to_note_progress, 1, 1),
    "the progress of fifteen jobs": (to_note_the_progress_of_all, 1, 15),
    "a lost connection with jobs of three functions": (to_lose_a_connection, 1, 3),
    "a cancel": (to_cancel, 1, 1),
    "a revival": (to_revive, 1, 1),
    "a limit": (to_limit, 1, 3),
    "the making of a function": (to_make_a_function, 1, 2),
    "the dropping of a function": (to_drop_a_function, 2, 3),
    "a submit to a function that was dropped": (to_submit_to_a_dropped_function, 2, 4),
    "the figures of three functions": (to_count_three_functions, 1, 3),
    "a goodbye": (to_leave, 3, 6),
    "everything in one pass": (to_do_it_all_in_one_pass, 1, 5),
}


@pytest.mark.parametrize(("prepare", "trips", "commands"), TABLE.values(), ids=TABLE.keys())
async def test_trips_to_redis(broker: Standin, prepare: Prepare, trips: int, commands: int) -> None:
    act = await prepare(broker)
    await broker.settled()
    assert await cost(broker, act) == (trips, commands)


async def test_a_function_met_for_the_first_time_costs_no_trip_of_its_own(broker: Standin) -> None:
    assert await cost(broker, lambda broker: broker.submit(function=b"new")) == (1, 3)


async def test_scripts_are_of_bounded_length_however_many_runs_are_lost(broker: Standin) -> None:
    submits = [broker.submit_soon(b"%d" % number, function=FUNCTIONS[0]) for number in range(300)]
    await until(lambda: all(submits))
    jobs = [await broker.claim(FUNCTIONS[0]) for _ in submits]
    await broker.settled()

    async def act(broker: Standin) -> None:
        assert await broker.requeue(*reversed(jobs), manner=Manner.HOUSE) == [b"requeued"] * 300

    assert await cost(broker, act) == (1, 3)
    assert [(await broker.claim(FUNCTIONS[0])).payload for _ in jobs] == [job.payload for job in jobs]
