"""Uniques: submits that are one job, over all mixtures of fore- and background."""

import pytest

from protocol import (
    GetStatus,
    GetStatusUnique,
    JobCreated,
    Priority,
    StatusRes,
    StatusResUnique,
    SubmitJob,
    WorkComplete,
    WorkData,
    WorkFail,
)
from tests.broker.running import OpenRunning, Running


async def test_submits_of_one_unique_get_one_handle_and_the_first_wins(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    first = await client.submit_background(b"f", b"first", b"u", priority=Priority.LOW)
    assert await client.submit_background(b"f", b"second", b"u", priority=Priority.HIGH) == first
    assert (await worker.grab()).payload == b"first"
    assert await worker.finds_nothing()


async def test_a_unique_counts_within_its_function_only(one: Running) -> None:
    client = await one.peer()
    assert await client.submit_background(b"f", b"", b"u") != await client.submit_background(b"g", b"", b"u")


async def test_jobs_without_a_unique_are_never_one(one: Running) -> None:
    client = await one.peer()
    assert await client.submit_background(b"f", b"x") != await client.submit_background(b"f", b"x")


async def test_everybody_who_waits_is_sent_everything(one: Running) -> None:
    clients, worker = [await one.peer(), await one.peer()], await one.worker(b"f")
    handles = {await client.submit(b"f", b"x", b"u") for client in clients}
    assert len(handles) == 1
    handle = (await worker.grab()).handle
    await worker.say(WorkData(handle, b"part"), WorkComplete(handle, b"end"))
    for client in clients:
        assert [await client.hear(), await client.hear()] == [
            WorkData(handle, b"part"),
            WorkComplete(handle, b"end"),
        ]


async def test_who_submitted_twice_is_sent_everything_twice(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x", b"u")
    assert await client.submit(b"f", b"x", b"u") == handle
    status = await client.ask(GetStatusUnique(b"u"))
    assert isinstance(status, StatusResUnique)
    assert status.clients == 2
    await worker.grab()
    await worker.say(WorkComplete(handle, b"end"))
    assert [await client.hear(), await client.hear()] == [WorkComplete(handle, b"end")] * 2


async def test_who_joins_a_running_job_is_sent_what_comes_from_then_on(one: Running) -> None:
    first, late, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    handle = await first.submit(b"f", b"x", b"u")
    await worker.grab()
    await worker.say(WorkData(handle, b"early"))
    assert await first.hear() == WorkData(handle, b"early")
    assert await late.submit(b"f", b"x", b"u") == handle
    await worker.say(WorkComplete(handle, b"end"))
    assert await late.hear() == WorkComplete(handle, b"end")


async def test_who_joins_a_background_job_hears_of_it_and_may_leave_without_harm(one: Running) -> None:
    client, waiting, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x", b"u")
    assert await waiting.submit(b"f", b"x", b"u") == handle
    await waiting.leave()
    await one.until(lambda: len(one.broker.sessions) == 2)
    assert (await worker.grab()).handle == handle


async def test_a_background_submit_makes_a_foreground_job_one_that_stays(one: Running) -> None:
    waiting, client, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    handle = await waiting.submit(b"f", b"x", b"u")
    assert await client.submit_background(b"f", b"x", b"u") == handle
    await waiting.leave()
    await one.until(lambda: len(one.broker.sessions) == 2)
    assert (await worker.grab()).handle == handle


async def test_a_dash_is_one_job_for_each_payload(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    first = await client.submit_background(b"f", b"x", b"-")
    assert await client.submit_background(b"f", b"x", b"-") == first
    assert await client.submit_background(b"f", b"y", b"-") != first
    assert (await worker.grab()).unique == b"-"


async def test_a_dash_and_its_payload_are_not_a_unique_that_somebody_else_may_have(one: Running) -> None:
    client = await one.peer()
    first = await client.submit_background(b"f", b"zz", b"-")
    assert await client.submit_background(b"f", b"zz", b"zz") != first


async def test_a_dash_without_a_payload_is_a_job_of_its_own(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    assert await client.submit_background(b"f", b"", b"-") != await client.submit_background(b"f", b"", b"-")
    assert [(await worker.grab()).unique for _ in range(2)] == [b"-", b"-"]


async def test_the_job_of_a_dash_is_not_found_by_its_unique(one: Running) -> None:
    client = await one.peer()
    await client.submit_background(b"f", b"x", b"-")
    assert await client.ask(GetStatusUnique(b"-")) == StatusResUnique(b"-", False, False, 0, 0, 0)


@pytest.mark.parametrize("background", [True, False])
async def test_a_unique_is_free_when_its_job_is_over(one: Running, background: bool) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    first = await client.submit(b"f", b"x", b"u", background=background)
    await worker.grab()
    await worker.say(WorkComplete(first, b""))
    assert await worker.heard() == []
    assert await (await one.peer()).submit(b"f", b"x", b"u") != first


async def test_a_queued_job_goes_with_the_last_client_that_waits_for_it(one: Running) -> None:
    first, second, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    handle = await first.submit(b"f", b"x", b"u")
    await second.submit(b"f", b"x", b"u")
    await first.leave()
    await one.until(lambda: len(one.broker.sessions) == 2)
    assert await worker.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)
    await second.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert await worker.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
    assert await worker.finds_nothing()


async def test_a_running_job_ends_unheard_when_its_last_client_has_left(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await client.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    await worker.say(WorkData(handle, b"part"), WorkComplete(handle, b"end"))
    assert await worker.heard() == []
    assert await worker.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)


async def test_an_unheard_job_whose_worker_leaves_is_not_run_again(one: Running) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    await client.submit(b"f", b"x")
    await worker.grab()
    await client.leave()
    await one.until(lambda: len(one.broker.sessions) == 2)
    await worker.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert await other.heard() == []
    assert await other.finds_nothing()


async def test_the_unique_of_a_job_that_was_dropped_begins_a_new_one(one: Running) -> None:
    first, second, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    dropped = await first.submit(b"f", b"x", b"u")
    await first.leave()
    await one.until(lambda: len(one.broker.sessions) == 2)
    handle = await second.submit(b"f", b"x", b"u")
    assert handle != dropped
    assert (await worker.grab()).handle == handle
    await worker.say(WorkComplete(handle, b"end"))
    assert await second.hear() == WorkComplete(handle, b"end")


async def test_who_joins_while_the_last_client_leaves_is_served_all_the_same(one: Running) -> None:
    # Both are in one pass: the submit has left for the store when the other client's end is noticed.
    worker = await one.worker(b"f")
    for number in range(20):
        unique = b"u%d" % number
        leaving, joining = await one.peer(), await one.peer()
        await leaving.submit(b"f", b"x", unique)
        await joining.say(SubmitJob(b"f", unique, b"x"))
        await leaving.leave()
        handle = (await joining.expect(JobCreated)).handle
        assert (await worker.take()).handle == handle
        await worker.say(WorkComplete(handle, b"end"))
        assert await joining.hear() == WorkComplete(handle, b"end")


async def test_who_joins_while_the_job_ends_hears_an_end(one: Running) -> None:
    worker = await one.worker(b"f")
    for number in range(20):
        unique = b"u%d" % number
        first, joining = await one.peer(), await one.peer()
        handle = await first.submit(b"f", b"x", unique)
        await worker.take()
        await joining.say(SubmitJob(b"f", unique, b"x"))
        await worker.say(WorkComplete(handle, b"end"))
        joined = (await joining.expect(JobCreated)).handle
        if joined != handle:
            assert (await worker.take()).handle == joined
            await worker.say(WorkFail(joined))
            assert await joining.hear() == WorkFail(joined)
        else:
            assert await joining.hear() == WorkComplete(handle, b"end")
        assert await first.hear() == WorkComplete(handle, b"end")


async def test_clients_at_two_brokers_wait_for_one_job(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        near, far, worker = await here.peer(), await there.peer(), await here.worker(b"f")
        handle = await near.submit(b"f", b"x", b"u")
        assert await far.submit(b"f", b"x", b"u") == handle
        assert (await worker.take()).handle == handle
        await worker.say(WorkData(handle, b"part"), WorkComplete(handle, b"end"))
        for client in (near, far):
            assert [await client.hear(), await client.hear()] == [
                WorkData(handle, b"part"),
                WorkComplete(handle, b"end"),
            ]
