"""Background jobs: what arrives at the worker, and what the server says about them."""

from datetime import UTC, datetime, timedelta

import pytest

from client import BackgroundJob, CalendarMinute, Priority, RefusedError, Status, open_client
from protocol import LocalProtocolError, SubmitJobSched, WorkComplete, WorkStatus
from tests.processes import GearmandProcess, ServerProcess
from tests.raw_worker import raw_worker

PHP_SERIALIZED = b'O:4:"Mail":1:{s:8:"\0Mail\0to";s:3:"a@b";}'


async def test_a_background_job_arrives_at_a_worker_as_it_was_submitted(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, PHP_SERIALIZED, unique="mail-17")
        job = await worker.take()
        assert (job.handle, job.function, job.unique, job.payload) == (
            handle,
            function.encode(),
            b"mail-17",
            PHP_SERIALIZED,
        )
        await worker.say(WorkComplete(job.handle, b""))


async def test_status_tells_queued_running_progress_and_over(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, "text is sent as UTF-8: ü")
        assert await client.status(handle) == Status(known=True, running=False, numerator=0, denominator=0)
        job = await worker.take()
        assert job.payload == "text is sent as UTF-8: ü".encode()
        assert await client.status(handle.decode()) == Status(True, True, 0, 0)
        await worker.say(WorkStatus(handle, b"2", b"5"))
        assert await worker.grab() is None  # the answer tells that the progress was read before it
        assert await client.status(handle) == Status(True, True, 2, 5)
        await worker.say(WorkComplete(handle, b""))
        assert await worker.grab() is None
        assert await client.status(handle) == Status(False, False, 0, 0)


async def test_a_handle_that_never_was_is_not_known(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        assert not (await client.status(b"H:nowhere:1")).known


async def test_priorities_decide_what_runs_first(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        await client.submit_background(function, b"low", priority=Priority.LOW)
        await client.submit_background(function, b"normal")
        await client.submit_background(function, b"high", priority=Priority.HIGH)
        for expected in (b"high", b"normal", b"low"):
            job = await worker.take()
            assert job.payload == expected
            await worker.say(WorkComplete(job.handle, b""))


async def test_a_submit_with_a_unique_joins_the_job_that_has_it(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        first = await client.submit_background(function, b"1", unique=function)
        assert await client.submit_background(function, b"2", unique=function) == first
        status = await client.status_by_unique(function)
        assert (status.known, status.running, status.clients) == (True, False, 0)
        job = await worker.take()
        assert job.payload == b"1"
        await worker.say(WorkComplete(job.handle, b""))
        assert await worker.grab() is None
        assert not (await client.status_by_unique(function)).known


@pytest.mark.parametrize(
    "run_at",
    [
        pytest.param(lambda now: now + timedelta(hours=1), id="a datetime"),
        pytest.param(lambda now: int(now.timestamp()) + 3600, id="unix seconds"),
    ],
)
async def test_a_job_for_later_waits(server: ServerProcess, function: str, run_at: object) -> None:
    assert callable(run_at)
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, b"", run_at=run_at(datetime.now(UTC)))
        assert await worker.grab() is None
        assert await client.status(handle) == Status(True, False, 0, 0)


async def test_a_job_for_a_time_that_has_passed_runs_now(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        handle = await client.submit_background(function, b"", run_at=datetime.now(UTC) - timedelta(seconds=5))
        job = await worker.take()
        assert job.handle == handle
        await worker.say(WorkComplete(handle, b""))


async def test_wrong_arguments_are_refused_before_anything_is_sent(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        with pytest.raises(ValueError, match="at most 63 bytes, this one has 64"):
            await client.submit_background(function, b"", unique=b"u" * 64)
        with pytest.raises(ValueError, match="at most 63 bytes"):
            await client.status_by_unique(b"u" * 64)
        with pytest.raises(ValueError, match="1 to 63 bytes"):
            await client.status(b"")
        with pytest.raises(ValueError, match="no time zone"):
            await client.submit_background(function, b"", run_at=datetime(2030, 1, 1))
        with pytest.raises(ValueError, match="between 0 and"):
            await client.submit_background(function, b"", run_at=-1)
        with pytest.raises(ValueError, match="normal priority"):
            await client.submit_background(function, b"", run_at=1, priority=Priority.HIGH)
        with pytest.raises(ValueError, match=r"such as Priority\.HIGH, not 'high'"):
            await client.submit_background(function, b"", priority="high")  # type: ignore[call-overload] # untyped code
        with pytest.raises(TypeError, match="a datetime, unix seconds or a CalendarMinute, not 'tomorrow'"):
            await client.submit_background(function, b"", run_at="tomorrow")  # type: ignore[call-overload] # untyped code
        with pytest.raises(LocalProtocolError):
            await client.submit_background("a\0b", b"")
        await client.ping()


async def test_a_job_for_a_minute_of_the_calendar_waits_for_it(server: ServerProcess, function: str) -> None:
    another_month = CalendarMinute(day=1, month=datetime.now(UTC).month % 12 + 1, hour=4, minute=30)
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        if isinstance(server, GearmandProcess):
            with pytest.raises(RefusedError, match="INVALID_COMMAND"):
                await client.submit_at(another_month, function, b"")
        else:
            handle = await client.submit_at(another_month, function, b"")
            assert await worker.grab() is None
            assert await client.status(handle) == Status(True, False, 0, 0)


def test_a_minute_of_the_calendar_is_said_field_by_field() -> None:
    job = BackgroundJob("f", b"x", run_at=CalendarMinute(minute=0, hour=2, weekday=6), unique="u")
    assert job.packet == SubmitJobSched(b"f", b"u", b"0", b"2", b"", b"", b"6", b"x")
    assert job.repeatable


@pytest.mark.parametrize("field", ["minute", "hour", "day", "month", "weekday"])
def test_a_minute_that_no_calendar_has_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"the {field} of a calendar's minute is .* not 60"):
        CalendarMinute(**{field: 60})
