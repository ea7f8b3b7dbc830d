"""What a job's function gets, says and returns, and what those who wait for it see."""

import asyncio

import pytest
import trio

from client import Client, Data, JobFailedError, JobRaisedError, Progress, Warned, open_client
from tests.processes import ServerProcess
from tests.worker.registered import at_work
from tests.worker.running import running_worker
from worker import Job, JobFailed, Worker


async def test_a_function_gets_the_job_and_its_return_is_the_result(server: ServerProcess, function: str) -> None:
    async def describe(job: Job) -> bytes:
        return b"|".join((job.function, job.handle, job.unique, job.payload))

    async with running_worker(server, {function: describe}), open_client(server.address) as client:
        async with client.follow(function, b"a\0b", unique="unique-1") as job:
            result = await job.result()
        assert result == b"|".join((function.encode(), job.handle, b"unique-1", b"a\0b"))


@pytest.mark.parametrize(
    ("returned", "result"),
    [
        pytest.param(b"\0bytes", b"\0bytes", id="bytes as they are"),
        pytest.param("täxt", "täxt".encode(), id="text as UTF-8"),
        pytest.param(None, b"", id="None as nothing"),
    ],
)
async def test_results(server: ServerProcess, function: str, returned: bytes | str | None, result: bytes) -> None:
    async def work(job: Job) -> bytes | str | None:
        return returned

    async with running_worker(server, {function: work}), open_client(server.address) as client:
        assert await client.call(function, b"") == result


async def test_what_a_job_says_on_its_way_arrives_in_order(server: ServerProcess, function: str) -> None:
    async def talk(job: Job) -> str:
        await job.progress(1, 3)
        await job.data(b"da\0ta")
        await job.data("täxt")
        await job.warn(b"careful")
        await job.warn("völlig")
        await job.progress(3, 3)
        return "end"

    async with (
        running_worker(server, {function: talk}),
        open_client(server.address) as client,
        client.follow(function, b"") as job,
    ):
        assert [update async for update in job] == [
            Progress(1, 3),
            Data(b"da\0ta"),
            Data("täxt".encode()),
            Warned(b"careful"),
            Warned("völlig".encode()),
            Progress(3, 3),
        ]
        assert await job.result() == b"end"


async def test_progress_below_zero_is_the_functions_error(server: ServerProcess, function: str) -> None:
    async def work(job: Job) -> None:
        await job.progress(-1, 3)

    async with running_worker(server, {function: work}), open_client(server.address) as client:
        with pytest.raises(JobRaisedError, match="ValueError: progress counts from 0: -1 of 3"):
            await client.call(function, b"")


async def _group(*errors: Exception) -> None:
    raise ExceptionGroup("many", list(errors))


class UnprintableError(Exception):
    """Its text is not valid Unicode."""

    def __str__(self) -> str:
        return "\udcff"


class SpeechlessError(Exception):
    """Its text is an error."""

    def __str__(self) -> str:
        raise KeyError("no such field")


class SpeechlessVerdictError(JobFailed, SpeechlessError):
    """A verdict whose text is an error."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(ValueError("no such picture"), b"ValueError: no such picture", id="an exception"),
        pytest.param(
            ExceptionGroup("g", [ValueError("a"), ExceptionGroup("h", [JobFailed(), OSError("b")])]),
            b"ValueError: a; JobFailed: ; OSError: b",
            id="a group, as from a nursery",
        ),
        pytest.param(UnprintableError(), b"UnprintableError: \\udcff", id="a text that UTF-8 cannot say"),
        pytest.param(SystemExit("no disk"), b"SystemExit: no disk", id="what a program ends by"),
        pytest.param(
            BaseExceptionGroup("g", [SystemExit(3), KeyError("name")]),
            b"SystemExit: 3; KeyError: 'name'",
            id="the same in a group",
        ),
        pytest.param(asyncio.CancelledError(), b"CancelledError: ", id="the cancellation of another library"),
        pytest.param(SpeechlessError(), b"SpeechlessError: (its text cannot be told)", id="a text that is an error"),
    ],
)
async def test_an_exception_ends_the_job_and_its_text_reaches_who_waits(
    server: ServerProcess, function: str, error: BaseException, told: bytes
) -> None:
    async def work(job: Job) -> bytes:
        if job.payload:
            raise error
        return b"still here"

    async with running_worker(server, {function: work}), open_client(server.address) as client:
        with pytest.raises(JobRaisedError) as caught:
            await client.call(function, b"x")
        assert caught.value.summary == told.decode()
        assert caught.value.data.startswith(told + b"\n\n")
        assert ", in work\n" in caught.value.details
        assert str(caught.value).endswith(f"raised: {told.decode()}")
        assert await client.call(function, b"") == b"still here"


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param(JobFailed("no stock"), id="alone"),
        pytest.param(ExceptionGroup("g", [JobFailed("no stock")]), id="in a group, as from a nursery"),
        pytest.param(SpeechlessVerdictError(), id="with a text that is an error"),
    ],
)
async def test_a_function_can_fail_its_job(server: ServerProcess, function: str, verdict: Exception) -> None:
    async def work(job: Job) -> None:
        raise verdict

    async with running_worker(server, {function: work}), open_client(server.address) as client:
        with pytest.raises(JobFailedError) as caught:
            await client.call(function, b"")
        assert type(caught.value) is JobFailedError


async def test_what_cannot_be_a_result_is_the_functions_error(server: ServerProcess, function: str) -> None:
    async def work(job: Job) -> bytes:
        return 17  # type: ignore[return-value]  # that is the fault

    async with running_worker(server, {function: work}), open_client(server.address) as client:
        with pytest.raises(JobRaisedError, match="returns bytes, str or None, not int"):
            await client.call(function, b"")


async def test_many_jobs_run_and_each_gets_its_own_result(server: ServerProcess, function: str) -> None:
    async def double(job: Job) -> bytes:
        await job.data(job.payload)
        return job.payload

    results: dict[int, bytes] = {}

    async def call(client: Client, number: int) -> None:
        results[number] = await client.call(function, b"%d" % number)

    async with (
        running_worker(server, {function: double}, concurrency=4),
        open_client(server.address) as client,
        trio.open_nursery() as nursery,
    ):
        for number in range(200):
            nursery.start_soon(call, client, number)
    assert results == {number: b"%d%d" % (number, number) for number in range(200)}


async def test_a_result_that_no_server_takes_fails_its_job_and_is_not_computed_again(
    server: ServerProcess, function: str
) -> None:
    worker = Worker(max_body=1000)
    runs: list[bytes] = []

    @worker.register(function)
    async def swell(job: Job) -> bytes:
        runs.append(job.handle)
        if job.payload == b"ahead":
            await job.data(bytes(1000))
        return bytes(1000)

    async with open_client(server.address) as client, at_work(worker, server):
        for payload in ("at the end", "ahead"):
            with pytest.raises(
                JobRaisedError, match=r"ValueError: \d+ bytes are more than a server takes at once \(1000"
            ):
                await client.call(function, payload)
    assert len(runs) == 2
