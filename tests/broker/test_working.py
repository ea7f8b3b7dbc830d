"""WORK_*: what a worker says of its job, and who hears it."""

import pytest

from protocol import (
    CanDoTimeout,
    CantDo,
    Error,
    ErrorCode,
    GetStatus,
    Noop,
    OptionReq,
    OptionRes,
    Packet,
    ResetAbilities,
    StatusRes,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)
from tests.broker.running import OpenRunning, Running


def late_words(handle: bytes) -> list[Packet]:
    """Everything that may be said of a job."""
    return [
        WorkData(handle, b"x"),
        WorkWarning(handle, b"x"),
        WorkStatus(handle, b"1", b"2"),
        WorkException(handle, b"x"),
        WorkFail(handle),
        WorkComplete(handle, b"x"),
    ]


NOT_FOUND = {
    WorkStatus: b"Job given in work result not found",
    WorkComplete: b"Job given in work result not found",
    WorkFail: b"Job given in work result not found",
    WorkData: b"Job does not exist on server",
    WorkWarning: b"Job does not exist on server",
    WorkException: b"An exception was received for a job that does not exist",
}


async def test_data_warnings_and_progress_reach_the_client_in_order_and_unchanged(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    said: list[Packet] = [
        WorkData(handle, b"a\0b"),
        WorkWarning(handle, b""),
        WorkStatus(handle, b"1.5", b"abc"),
        WorkStatus(handle, b"2", b"3"),
        WorkData(handle, b""),
        WorkComplete(handle, b"\0"),
    ]
    await worker.say(*said)
    assert [await client.hear() for _ in said] == said


async def test_a_failed_job_says_exactly_its_handle(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    # Some libraries end the handle with a NUL; libgearman's clients hang when they are sent one.
    await worker.say_bytes(b"\0REQ\0\0\0\x0e" + (len(handle) + 1).to_bytes(4, "big") + handle + b"\0")
    assert await client.hear() == WorkFail(handle)
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)


async def test_an_exception_goes_to_who_asked_for_exceptions_and_a_failure_to_the_others(
    one: Running,
) -> None:
    curious, plain, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    assert await curious.ask(OptionReq(b"exceptions")) == OptionRes(b"exceptions")
    handle = await curious.submit(b"f", b"x", b"u")
    await plain.submit(b"f", b"x", b"u")
    await worker.grab()
    await worker.say(WorkException(handle, b"oh\0no"))
    assert await curious.hear() == WorkException(handle, b"oh\0no")
    assert await plain.hear() == WorkFail(handle)
    assert await curious.heard() == []
    assert await plain.heard() == []


async def test_everybody_gets_exceptions_if_the_operator_wants_it(open_one: OpenRunning) -> None:
    async with open_one(exceptions=True) as one:
        client, worker = await one.peer(), await one.worker(b"f")
        handle = await client.submit(b"f", b"x")
        await worker.grab()
        await worker.say(WorkException(handle, b"oh"))
        assert await client.hear() == WorkException(handle, b"oh")


async def test_a_failure_behind_an_exception_is_passed_over_in_silence(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x")
    await worker.grab()
    await worker.say(WorkException(handle, b"oh"), WorkFail(handle))
    assert await worker.heard() == []


async def test_a_result_is_final_and_its_job_is_not_run_again(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f", b"x")
    await worker.say(WorkFail((await worker.grab()).handle))
    assert await worker.finds_nothing()


async def test_who_never_held_a_job_is_told_that_there_is_none(one: Running) -> None:
    client, worker, stranger = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x")
    await worker.grab()
    for word in late_words(handle):
        assert await stranger.ask(word) == Error(ErrorCode.JOB_NOT_FOUND, NOT_FOUND[type(word)])
    await worker.say(WorkComplete(handle, b""))
    assert await worker.heard() == []


async def test_a_failure_of_an_impossible_handle_is_refused_in_the_words_of_gearmand(one: Running) -> None:
    worker = await one.worker(b"f")
    error = await worker.ask(WorkFail(b"x" * 64))
    assert isinstance(error, Error)
    assert error.code == ErrorCode.ARGUMENT_TOO_LARGE


async def test_late_words_of_who_once_held_the_job_are_no_error(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x")
    await worker.grab()
    await worker.say(WorkComplete(handle, b""), *late_words(handle))
    assert await worker.heard() == []


@pytest.mark.parametrize("letting_go", [CantDo(b"f"), ResetAbilities()])
async def test_who_lets_go_of_a_function_gives_its_jobs_back(one: Running, letting_go: Packet) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.sleeper(b"f")
    handle = await client.submit(b"f", b"x")
    assert await other.hear() == Noop()
    assert (await worker.grab()).handle == handle
    assert await other.finds_nothing()
    await worker.say(letting_go)
    assert (await other.take()).handle == handle
    await worker.say(WorkData(handle, b"late"))
    assert await worker.heard() == []
    assert await client.heard() == []


async def test_who_lets_go_of_one_function_keeps_the_jobs_of_others(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f", b"g")
    handle = await client.submit(b"g", b"x")
    await worker.grab()
    await worker.say(CantDo(b"f"), WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")


async def test_letting_go_of_what_was_never_held_is_fine(one: Running) -> None:
    worker = await one.worker(b"f")
    await worker.say(CantDo(b"nothing"), ResetAbilities(), ResetAbilities())
    assert await worker.finds_nothing()


async def test_a_worker_that_leaves_gives_its_job_to_another_at_the_tail(one: Running) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    first = await client.submit_background(b"f", b"1")
    await client.submit_background(b"f", b"2")
    assert (await worker.grab()).handle == first
    await worker.leave()
    await one.until(lambda: len(one.broker.sessions) == 2)
    assert [(await other.take()).payload, (await other.take()).payload] == [b"2", b"1"]


async def test_the_progress_of_a_run_does_not_survive_it(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"1")
    await worker.grab()
    await worker.say(WorkStatus(handle, b"1", b"2"))
    assert await worker.ask(GetStatus(handle)) == StatusRes(handle, True, True, 1, 2)
    await worker.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)


async def test_a_client_hears_the_second_run_when_the_first_worker_left(one: Running) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await worker.say(WorkData(handle, b"part"))
    assert await client.hear() == WorkData(handle, b"part")
    await worker.leave()
    assert (await other.take()).handle == handle
    await other.say(WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")


@pytest.mark.parametrize(("retries", "runs"), [(0, 1), (1, 1), (3, 3)])
async def test_a_job_that_kills_its_workers_fails_when_its_runs_are_used_up_and_is_named(
    open_one: OpenRunning, retries: int, runs: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_one(job_retries=retries) as one:
        client = await one.peer()
        handle = await client.submit(b"f", b"x")
        for _ in range(runs):
            worker = await one.worker(b"f")
            assert (await worker.take()).handle == handle
            await worker.leave()
        assert await client.hear() == WorkFail(handle)
        assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)
    (line,) = [record.getMessage() for record in caplog.records if "given up" in record.getMessage()]
    assert line.startswith(f"job {handle.decode()} of 'f' is given up: ")


async def test_a_late_success_of_a_job_that_nobody_else_has_begun_is_believed(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await worker.say(CantDo(b"f"), WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")
    assert await (await one.worker(b"f")).finds_nothing()


async def test_a_late_success_ends_a_run_that_was_begun_anew(one: Running) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await worker.say(CantDo(b"f"))
    assert (await other.take()).handle == handle
    await worker.say(WorkComplete(handle, b"first"))
    assert await client.hear() == WorkComplete(handle, b"first")
    await other.say(WorkComplete(handle, b"second"))
    assert await other.heard() == []
    assert await client.heard() == []


async def test_a_late_failure_does_not_end_a_run_that_was_begun_anew(one: Running) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await worker.say(CantDo(b"f"))
    assert (await other.take()).handle == handle
    await worker.say(WorkFail(handle))
    assert await worker.heard() == []
    await other.say(WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")


async def test_a_run_that_takes_too_long_is_given_to_another_and_its_worker_is_told_nothing(
    one: Running,
) -> None:
    client, worker, other = await one.peer(), await one.peer(), await one.worker(b"f")
    await worker.say(CanDoTimeout(b"f", 1))  # the shortest there is, which is a second
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    assert (await other.take()).handle == handle
    assert await worker.heard() == []
    await worker.say(WorkData(handle, b"late"), WorkStatus(handle, b"1", b"2"))
    assert await worker.heard() == []
    await other.say(WorkComplete(handle, b"end"))
    assert await client.hear() == WorkComplete(handle, b"end")


async def test_a_time_limit_ends_with_its_run(one: Running) -> None:
    client, worker = await one.peer(), await one.peer()
    await worker.say(CanDoTimeout(b"f", 1))
    first = await client.submit_background(b"f", b"1")
    await worker.grab()
    (run,) = one.broker.runs.by_handle.values()
    await worker.say(WorkComplete(first, b""))
    await client.submit_background(b"f", b"2")
    await worker.take()
    (second,) = one.broker.runs.by_handle.values()
    assert one.broker.runs.next_limit() == second.until > run.until


async def test_the_last_time_limit_that_was_said_counts(one: Running) -> None:
    worker = await one.peer()
    await worker.say(CanDoTimeout(b"f", 1), CanDoTimeout(b"f", 5000))
    await worker.heard()
    (session,) = one.broker.sessions
    assert session.limits == {b"f": 5.0}
    await worker.can_do(b"f")
    await worker.heard()
    assert session.limits == {}


async def test_a_time_limit_beyond_all_numbers_is_an_error_and_harms_nobody(one: Running) -> None:
    worker = await one.peer()
    await worker.say_bytes(b"\0REQ\0\0\0\x17\0\0\0\x18f\0" + b"9" * 22)
    assert isinstance(await worker.hear(), Error)
    assert await worker.heard() == []


async def test_a_figure_beyond_all_numbers_is_relayed_as_it_was_said(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await worker.say(WorkStatus(handle, b"9" * 30, b"-1"))
    assert await client.hear() == WorkStatus(handle, b"9" * 30, b"-1")
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0xFFFFFFFF, 0)
