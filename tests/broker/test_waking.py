"""Sleeping and waking: one sleeper for each job, and no job left while somebody sleeps who could do it."""

import pytest
import trio

from broker.session import State
from protocol import (
    CanDo,
    CantDo,
    JobCreated,
    Noop,
    Packet,
    PreSleep,
    Priority,
    ResetAbilities,
    SubmitJob,
    WorkComplete,
)
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running
from tests.servers import RedisServer

A_LONG_TIME = 1000.0


async def test_a_sleeper_is_woken_by_a_job(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    handle = await client.submit_background(b"f", b"x")
    assert await worker.hear() == Noop()
    assert (await worker.grab()).handle == handle


async def test_falling_asleep_beside_work_is_answered_at_once(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f")
    assert await worker.ask(PreSleep()) == Noop()


async def test_who_sleeps_before_the_first_grab_is_told_of_work(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f", b"x")
    await worker.say(PreSleep())
    assert await worker.hear() == Noop()
    assert (await worker.grab()).payload == b"x"


async def test_one_sleeper_is_woken_for_a_job_the_one_that_sleeps_longest(one: Running) -> None:
    client = await one.peer()
    sleepers = [await one.sleeper(b"f") for _ in range(3)]
    await client.submit_background(b"f")
    assert [await sleeper.heard() for sleeper in sleepers] == [[Noop()], [], []]


async def test_as_many_sleepers_are_woken_as_there_are_jobs(one: Running) -> None:
    client = await one.peer()
    sleepers = [await one.sleeper(b"f") for _ in range(4)]
    await client.say(*(SubmitJob(b"f", b"", b"", background=True) for _ in range(3)))
    await client.heard()
    heard = [await sleeper.heard() for sleeper in sleepers]
    assert sorted(map(len, heard)) == [0, 1, 1, 1]


@pytest.mark.parametrize(("wakeup", "woken"), [(0, 4), (2, 2)])
async def test_more_sleepers_are_woken_for_a_job_if_the_operator_wants_it(
    open_one: OpenRunning, wakeup: int, woken: int
) -> None:
    async with open_one(worker_wakeup=wakeup) as one:
        client = await one.peer()
        sleepers = [await one.sleeper(b"f") for _ in range(4)]
        await client.submit_background(b"f")
        heard = [await sleeper.heard() for sleeper in sleepers]
        assert sum(map(len, heard)) == woken


async def test_a_sleeper_gets_one_noop_however_much_work_comes(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    for _ in range(5):
        await client.submit_background(b"f")
    assert await worker.heard() == [Noop()]


async def test_who_does_not_sleep_is_not_woken(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f")
    assert await worker.heard() == []


async def test_a_submit_that_joins_a_job_wakes_nobody(one: Running) -> None:
    client, first, second = await one.peer(), await one.sleeper(b"f"), await one.sleeper(b"f")
    await client.submit_background(b"f", b"", b"u")
    await client.submit_background(b"f", b"", b"u")
    assert [await first.heard(), await second.heard()] == [[Noop()], []]


async def test_a_sleeper_that_learns_a_function_is_told_of_work_that_waits(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    await client.submit_background(b"g", b"x")
    assert await worker.ask(CanDo(b"g")) == Noop()
    assert (await worker.grab()).payload == b"x"


async def test_a_sleeper_is_woken_for_a_function_it_has_learnt_asleep(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    assert await worker.ask(CanDo(b"g")) == Noop()
    await worker.fall_asleep()
    await client.submit_background(b"g", b"x")
    assert await worker.hear() == Noop()


async def test_a_worker_that_answers_noop_by_sleeping_is_woken_again(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    await client.submit_background(b"f")
    assert await worker.hear() == Noop()
    for _ in range(3):
        assert await worker.ask(PreSleep()) == Noop()
    await worker.grab()
    await worker.fall_asleep()
    await client.submit_background(b"f")
    assert await worker.hear() == Noop()


async def test_a_woken_worker_that_hangs_up_passes_the_wake_on(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one, open_one() as elsewhere:
        first, second = await one.sleeper(b"f"), await one.sleeper(b"f")
        await (await elsewhere.peer()).submit_background(b"f", b"x")
        assert await first.hear() == Noop()
        await first.leave()
        assert await second.hear() == Noop()
        assert (await second.take()).payload == b"x"


async def test_a_woken_worker_that_sleeps_again_passes_the_wake_on(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one:
        client = await one.peer()
        first, second = await one.sleeper(b"f"), await one.sleeper(b"f")
        await client.submit_background(b"f", b"x")
        assert await first.hear() == Noop()
        await first.say(PreSleep())
        assert await second.hear() == Noop()


async def test_a_woken_worker_that_takes_something_else_passes_the_wake_on(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one:
        client = await one.peer()
        both, other = await one.sleeper(b"f", b"g"), await one.sleeper(b"f")
        await client.submit_background(b"f", b"of f", priority=Priority.LOW)
        assert await both.hear() == Noop()
        await client.submit_background(b"g", b"of g", priority=Priority.HIGH)
        assert (await both.grab()).payload == b"of g"
        assert await other.hear() == Noop()
        assert (await other.take()).payload == b"of f"


@pytest.mark.parametrize("says", [CantDo(b"f"), ResetAbilities()])
@pytest.mark.parametrize("is_reserved", [True, False])
async def test_a_woken_worker_that_forgets_the_function_passes_the_wake_on(
    open_one: OpenRunning, says: Packet, is_reserved: bool
) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one, open_one() as elsewhere:
        first, second = await one.sleeper(b"f"), await one.sleeper(b"f")
        client = await (one if is_reserved else elsewhere).peer()
        await client.submit_background(b"f", b"x")
        assert await first.hear() == Noop()
        await first.say(says)
        assert await second.hear() == Noop()
        assert (await second.grab()).payload == b"x"


@pytest.mark.parametrize("is_alone", [True, False])
async def test_a_worker_that_forgets_the_function_of_the_job_it_was_promised_sleeps_on(
    open_one: OpenRunning, shared_server: RedisServer, is_alone: bool
) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one:
        client, first = await one.peer(), await one.sleeper(b"g", b"f")
        others = [] if is_alone else [await one.sleeper(b"f")]
        shared_server.pause()
        try:
            line = one.broker.roster.lines[b"f"]
            await client.say(SubmitJob(b"f", b"", b"of f", background=True))
            with trio.fail_after(PATIENCE_SECONDS):
                while not line.handing:
                    await trio.lowlevel.checkpoint()
            await first.say(CantDo(b"f"))
            with trio.fail_after(PATIENCE_SECONDS):
                while len(line.workers) > len(others):
                    await trio.lowlevel.checkpoint()
        finally:
            shared_server.resume()
        assert isinstance(await client.hear(), JobCreated)
        for other in others:
            assert await other.hear() == Noop()
            assert (await other.grab()).payload == b"of f"
        assert await first.heard() == []
        await client.submit_background(b"g", b"of g")
        assert await first.hear() == Noop()
        assert (await first.grab()).payload == b"of g"


async def test_a_woken_worker_that_dawdles_holds_up_nobody(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=0.1) as one, open_one() as elsewhere:
        first, second = await one.sleeper(b"f"), await one.sleeper(b"f")
        await (await elsewhere.peer()).submit_background(b"f", b"x")
        assert await first.hear() == Noop()
        assert await second.hear() == Noop()
        assert (await second.take()).payload == b"x"


async def test_a_worker_that_holds_a_job_may_sleep_and_be_woken(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f", b"1")
    assert (await worker.grab()).payload == b"1"
    await worker.fall_asleep()
    await client.submit_background(b"f", b"2")
    assert await worker.hear() == Noop()
    assert (await worker.grab()).payload == b"2"


async def test_a_reserved_job_goes_to_the_first_who_may_have_it(one: Running) -> None:
    client, promised, awake = await one.peer(), await one.sleeper(b"f"), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x")
    assert await promised.hear() == Noop()
    assert (await awake.grab()).handle == handle
    assert await promised.finds_nothing()


async def test_a_reserved_job_is_not_for_who_cannot_do_it(one: Running) -> None:
    client, promised, stranger = await one.peer(), await one.sleeper(b"f"), await one.worker(b"g")
    await client.submit_background(b"f", b"x")
    assert await promised.hear() == Noop()
    assert await stranger.finds_nothing()


async def test_a_reserved_job_that_nobody_takes_wakes_another(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=0.1) as here, open_one() as there:
        client, lazy, eager = await here.peer(), await here.sleeper(b"f"), await there.sleeper(b"f")
        handle = await client.submit_background(b"f", b"x")
        assert await lazy.hear() == Noop()
        assert await eager.hear() == Noop()
        assert (await eager.take()).handle == handle


async def test_reserved_jobs_go_back_in_the_order_they_came(open_one: OpenRunning) -> None:
    async with open_one() as one:
        client = await one.peer()
        sleepers = [await one.sleeper(b"f") for _ in range(5)]
        for number in range(5):
            await client.submit_background(b"f", b"%d" % number)
        for sleeper in sleepers:
            assert await sleeper.hear() == Noop()
        for sleeper in sleepers:
            await sleeper.leave()
        await one.until(lambda: len(one.broker.sessions) == 1)
        worker = await one.worker(b"f")
        assert [(await worker.take()).payload for _ in range(5)] == [b"%d" % number for number in range(5)]


async def test_a_reserved_job_that_goes_back_is_not_charged_with_an_attempt(open_one: OpenRunning) -> None:
    async with open_one(job_retries=1) as one:
        client, worker = await one.peer(), await one.sleeper(b"f")
        handle = await client.submit(b"f", b"x")
        assert await worker.hear() == Noop()
        await worker.leave()
        await one.until(lambda: len(one.broker.sessions) == 1)
        other = await one.worker(b"f")
        assert (await other.take()).handle == handle
        await other.say(WorkComplete(handle, b"end"))
        assert await client.hear() == WorkComplete(handle, b"end")


async def test_a_reserved_job_goes_before_what_was_queued_after_it(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as here, open_one() as there:
        client, elsewhere = await here.peer(), await there.worker(b"f")
        promised, worker = await here.sleeper(b"f"), await here.worker(b"f")
        await client.submit_background(b"f", b"reserved")
        assert await promised.hear() == Noop()
        await client.submit_background(b"f", b"queued")
        # A notice of a better job, which is gone when the worker here looks for it.
        await elsewhere.submit_background(b"f", b"high", priority=Priority.HIGH)
        assert (await elsewhere.grab()).payload == b"high"
        assert await worker.heard() == []
        assert [(await worker.grab()).payload, (await worker.grab()).payload] == [b"reserved", b"queued"]


async def test_a_hand_off_brings_the_oldest_job_of_the_best_priority(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        client, elsewhere = await here.peer(), await there.peer()
        # Nobody at this broker listens to f while these come, so its worker sleeps beside them.
        worker = await here.sleeper(b"f")
        line = here.broker.roster.lines[b"f"]
        here.broker.store.mind_no_more(line.function)
        await elsewhere.submit_background(b"f", b"low", priority=Priority.LOW)
        await elsewhere.submit_background(b"f", b"high", priority=Priority.HIGH)
        await client.submit_background(b"f", b"normal")
        assert await worker.hear() == Noop()
        assert (await worker.grab()).payload == b"high"


async def about_to_sleep(one: Running, *functions: bytes) -> Peer:
    """A worker that has slept before, was woken, and has just been told that there is no job."""
    worker = await one.sleeper(*functions)
    assert await worker.finds_nothing()
    return worker


async def test_a_job_is_handed_to_one_that_is_about_to_sleep(one: Running) -> None:
    client, worker = await one.peer(), await about_to_sleep(one, b"f")
    handle = await client.submit_background(b"f", b"x")
    [counts] = await one.broker.store.asking.counts_of([b"f"])
    assert (counts.running, counts.total) == (1, 1)
    assert await worker.ask(PreSleep()) == Noop()
    assert (await worker.grab()).handle == handle


async def test_it_may_ask_again_instead_of_sleeping(one: Running) -> None:
    client, worker = await one.peer(), await about_to_sleep(one, b"f")
    handle = await client.submit_background(b"f", b"x")
    assert (await worker.grab()).handle == handle


async def test_one_that_is_about_to_sleep_gets_one_job_and_no_more(one: Running) -> None:
    client, worker = await one.peer(), await about_to_sleep(one, b"f")
    await client.say(*(SubmitJob(b"f", b"", b"%d" % number, background=True) for number in range(3)))
    await client.heard()
    [counts] = await one.broker.store.asking.counts_of([b"f"])
    assert (counts.running, sum(counts.queued)) == (1, 2)
    assert [(await worker.take()).payload for _ in range(3)] == [b"0", b"1", b"2"]


async def test_what_it_does_not_come_for_goes_to_others(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=0.1) as one, open_one() as elsewhere:
        client, _drowsy = await one.peer(), await about_to_sleep(one, b"f")
        handle = await client.submit_background(b"f", b"x")
        assert (await (await elsewhere.worker(b"f")).take()).handle == handle


async def test_what_was_handed_to_one_that_hangs_up_goes_to_others_at_once(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=A_LONG_TIME) as one, open_one() as elsewhere:
        client, drowsy = await one.peer(), await about_to_sleep(one, b"f")
        handle = await client.submit_background(b"f", b"x")
        await drowsy.stream.aclose()
        assert (await (await elsewhere.worker(b"f")).take()).handle == handle


async def test_one_that_has_never_slept_may_be_one_that_only_looks_now_and_then(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    assert await worker.finds_nothing()
    await client.submit_background(b"f", b"x")
    [counts] = await one.broker.store.asking.counts_of([b"f"])
    assert (counts.running, sum(counts.queued)) == (0, 1)


async def test_a_session_sleeps_only_as_long_as_nothing_is_there(one: Running) -> None:
    worker = await one.sleeper(b"f")
    (session,) = one.broker.sessions
    states = [session.state]
    assert await worker.finds_nothing()
    assert [*states, session.state] == [State.ASLEEP, State.DROWSY]


async def test_a_reserved_job_is_not_handed_out_by_a_broker_that_was_taken_for_lost(open_one: OpenRunning) -> None:
    async with open_one(reservation_seconds=60) as lost, open_one() as other:
        client, woken, elsewhere = await lost.peer(), await lost.sleeper(b"f"), await other.worker(b"f")
        await client.submit_background(b"f", b"first")
        assert await woken.hear() == Noop()
        await other.broker.store.janitor.return_everything_of(lost.broker.store.link.incarnation)
        assert (await elsewhere.grab()).payload == b"first"
        await client.submit_background(b"g")  # by the answer to this it hears what it was taken for
        await client.submit_background(b"f", b"second")
        assert (await woken.take()).payload == b"second"
