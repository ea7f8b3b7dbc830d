"""Submitting: what a client is answered, and what becomes of its job."""

import time

import pytest

from protocol import (
    AllYours,
    Error,
    ErrorCode,
    GetStatus,
    GrabJob,
    GrabJobAll,
    GrabJobUniq,
    JobAssign,
    JobAssignAll,
    JobAssignUniq,
    JobCreated,
    Noop,
    Priority,
    StatusRes,
    SubmitJob,
    SubmitJobEpoch,
    SubmitReduceJob,
    WorkComplete,
)
from tests.broker.running import Running

AN_HOUR = 3600


async def test_a_job_is_handed_to_a_worker_with_its_payload(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"resize")
    handle = await client.submit_background(b"resize", b"a\0b")
    assert await worker.ask(GrabJob()) == JobAssign(handle, b"resize", b"a\0b")


async def test_who_waits_is_sent_the_result(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"resize")
    handle = await client.submit(b"resize", b"cat.jpg")
    assert (await worker.grab()).handle == handle
    await worker.say(WorkComplete(handle, b"small cat"))
    assert await client.hear() == WorkComplete(handle, b"small cat")


async def test_jobs_of_two_functions_that_were_each_the_first_are_not_mixed_up(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f", b"g")
    await client.say(SubmitJob(b"f", b"", b"1"), SubmitJob(b"g", b"", b"2"))
    f, g = (await client.expect(JobCreated)).handle, (await client.expect(JobCreated)).handle
    jobs = [await worker.grab(), await worker.grab()]
    assert {job.handle: job.function for job in jobs} == {f: b"f", g: b"g"}
    await worker.say(WorkComplete(g, b"of g"), WorkComplete(f, b"of f"))
    assert [await client.hear(), await client.hear()] == [WorkComplete(g, b"of g"), WorkComplete(f, b"of f")]


async def test_who_submitted_a_background_job_hears_nothing_of_it(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f")
    await worker.grab()
    await worker.say(WorkComplete(handle, b"done"))
    assert await worker.heard() == []
    assert await client.heard() == []


async def test_one_connection_may_submit_and_work(one: Running) -> None:
    peer = await one.worker(b"f")
    handle = await peer.submit(b"f", b"x")
    assert (await peer.grab()).payload == b"x"
    await peer.say(WorkComplete(handle, b"y"))
    assert await peer.hear() == WorkComplete(handle, b"y")


async def test_handles_differ_and_fit_what_libgearman_keeps(one: Running) -> None:
    client = await one.peer()
    handles = [await client.submit_background(b"f") for _ in range(20)]
    assert len(set(handles)) == 20
    assert all(handle.startswith(b"H:") and len(handle) <= 63 for handle in handles)


@pytest.mark.parametrize("unique", [b"", b"u" * 64])
async def test_a_unique_of_up_to_64_bytes_is_delivered_whole(one: Running, unique: bytes) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x", unique)
    assert await worker.ask(GrabJobUniq()) == JobAssignUniq(handle, b"f", unique, b"x")


async def test_an_empty_payload_arrives_as_one(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f")
    assert (await worker.grab()).payload == b""


@pytest.mark.parametrize("size", [65_536, 65_537, 3_000_000])
async def test_a_large_payload_arrives_whole_and_without_waiting_for_anything_else(one: Running, size: int) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    payload = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    await client.submit_background(b"f", payload)
    assert (await worker.grab()).payload == payload


async def test_a_large_payload_reaches_a_sleeper(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    await client.submit_background(b"f", b"x" * 100_000)
    assert await worker.hear() == Noop()
    assert (await worker.grab()).payload == b"x" * 100_000


async def test_priorities_are_served_high_before_normal_before_low(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.LOW, Priority.HIGH):
        await client.submit_background(b"f", priority.name.encode(), priority=priority)
    served = [(await worker.grab()).payload for _ in range(5)]
    assert served == [b"HIGH", b"HIGH", b"NORMAL", b"LOW", b"LOW"]


async def test_jobs_of_one_priority_are_served_in_the_order_of_their_submits(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.say(*(SubmitJob(b"f", b"", b"%d" % n, background=True) for n in range(100)))
    for _ in range(100):
        await client.expect(JobCreated)
    assert [(await worker.grab()).payload for _ in range(100)] == [b"%d" % n for n in range(100)]


@pytest.mark.parametrize("run_at", [0, 1, 1_000_000_000])
async def test_a_job_for_a_time_that_has_passed_runs_now(one: Running, run_at: int) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    created = await client.ask(SubmitJobEpoch(b"f", b"", run_at, b"x"))
    assert isinstance(created, JobCreated)
    assert await worker.hear() == Noop()
    assert (await worker.grab()).handle == created.handle


async def test_a_job_for_later_is_known_and_not_handed_out(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    created = await client.ask(SubmitJobEpoch(b"f", b"", int(time.time()) + AN_HOUR, b"x"))
    assert isinstance(created, JobCreated)
    assert await worker.finds_nothing()
    assert await client.ask(GetStatus(created.handle)) == StatusRes(created.handle, True, False, 0, 0)


async def test_a_job_for_later_wakes_a_sleeper_when_it_is_due_and_not_before(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    due = int(time.time()) + 2
    created = await client.ask(SubmitJobEpoch(b"f", b"", due, b"x"))
    assert isinstance(created, JobCreated)
    assert await worker.hear() == Noop()
    assert time.time() >= due
    assert (await worker.grab()).handle == created.handle


async def test_a_job_for_later_hides_no_other_job(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.ask(SubmitJobEpoch(b"f", b"", int(time.time()) + AN_HOUR, b"later"))
    await client.submit_background(b"f", b"now", priority=Priority.LOW)
    assert (await worker.grab()).payload == b"now"


async def test_a_reducer_is_told_to_workers_that_ask_for_all(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"map")
    created = await client.ask(SubmitReduceJob(b"map", b"u", b"reduce", b"", b"x", background=True))
    assert isinstance(created, JobCreated)
    assert await worker.ask(GrabJobAll()) == JobAssignAll(created.handle, b"map", b"u", b"reduce", b"x")


async def test_a_worker_that_knows_no_reducers_is_told_none(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"map")
    for _ in range(2):
        await client.ask(SubmitReduceJob(b"map", b"", b"reduce", b"", b"x", background=True))
    assert isinstance(await worker.ask(GrabJobUniq()), JobAssignUniq)
    assert isinstance(await worker.ask(GrabJob()), JobAssign)


async def test_what_is_not_served_gets_an_error_and_the_connection_lives_on(one: Running) -> None:
    client = await one.peer()
    assert await client.ask(AllYours()) == Error(ErrorCode.INVALID_COMMAND, b"Command not expected")
    assert await client.submit_background(b"f")


async def test_what_was_submitted_right_before_hanging_up_is_kept(one: Running) -> None:
    client, worker = await one.peer(), await one.sleeper(b"f")
    await client.say(*(SubmitJob(b"f", b"", b"%d" % n, background=True) for n in range(30)))
    await client.leave()
    assert await worker.hear() == Noop()
    assert [(await worker.grab()).payload for _ in range(30)] == [b"%d" % n for n in range(30)]
