"""`Worker`: what its decorators take, and what happens around a job."""

import logging
import threading
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
from pydantic import BaseModel

from client import Client, Data, JobFailedError, JobRaisedError, Progress, Warned, open_client
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker
from tests.worker.registered import at_work
from worker import Function, Job, JobFailed, JobGivenUp, JobLogFilter, ThreadJob, Worker, current_job


class Email(BaseModel):
    """What goes in."""

    to: str


class Receipt(BaseModel):
    """What comes out."""

    number: int


@pytest.fixture
def send_email(function: str) -> Function[Email, Receipt]:
    return Function(function, payload=Email, result=Receipt)


async def raised(client: Client, function: str, payload: bytes) -> str:
    with pytest.raises(JobRaisedError) as caught:
        await client.call(function, payload)
    return caught.value.summary


async def test_both_ends_share_a_function(server: ServerProcess, send_email: Function[Email, Receipt]) -> None:
    worker = Worker()

    @worker.register(send_email)
    async def send(job: Job, email: Email) -> Receipt:
        assert job.payload == b'{"to":"ann@example.org"}'
        return Receipt(number=len(email.to))

    async with at_work(worker, server), open_client(server.address) as client:
        assert await client.call(send_email, Email(to="ann@example.org")) == Receipt(number=15)


async def test_a_payload_that_does_not_fit_fails_the_job_with_the_reason_before_user_code(
    server: ServerProcess, send_email: Function[Email, Receipt], function: str
) -> None:
    worker = Worker()

    @worker.register(send_email)
    async def send(job: Job, email: Email) -> Receipt:
        raise AssertionError("user code was run")

    async with at_work(worker, server), open_client(server.address) as client:
        with pytest.raises(JobRaisedError) as caught:
            await client.call(function, b'{"to": 17}')
    told = f"PayloadError: the payload of {function} does not fit: to: Input should be a valid string"
    assert caught.value.data == told.encode()


async def test_a_result_that_does_not_fit_fails_the_job(
    server: ServerProcess, send_email: Function[Email, Receipt], function: str
) -> None:
    worker = Worker()

    @worker.register(send_email)
    async def send(job: Job, email: Email) -> Receipt:
        return "seventeen"  # type: ignore[return-value]  # that is the fault

    async with at_work(worker, server), open_client(server.address) as client:
        summary = await raised(client, function, b'{"to": "ann"}')
    assert summary.startswith(f"PayloadError: the result of {function} cannot be sent: str cannot be written: ")


async def test_a_decorated_function_stays_what_it_is(function: str) -> None:
    worker = Worker()

    async def work(job: Job) -> None:
        """Nothing."""

    assert worker.register(function)(work) is work
    with pytest.raises(ValueError, match=f"the function b'{function}' is registered twice"):
        worker.register(function)(work)


async def test_middleware_wraps_every_job_the_first_outermost(server: ServerProcess, function: str) -> None:
    said: list[str] = []

    def named(name: str) -> Callable[[Job, Callable[[], Awaitable[bytes]]], Awaitable[bytes]]:
        async def middleware(job: Job, run: Callable[[], Awaitable[bytes]]) -> bytes:
            said.append(f"{name} before {job.payload.decode()}")
            result = await run()
            said.append(f"{name} after")
            return b"%b(%b)" % (name.encode(), result)

        return middleware

    worker = Worker(middleware=[named("outer"), named("inner")])

    @worker.register(function)
    async def work(job: Job) -> str:
        said.append("work")
        return "result"

    async with at_work(worker, server), open_client(server.address) as client:
        assert await client.call(function, b"x") == b"outer(inner(result))"
    assert said == ["outer before x", "inner before x", "work", "inner after", "outer after"]


async def test_middleware_may_fail_a_job_without_running_it(server: ServerProcess, function: str) -> None:
    async def refuse(job: Job, run: Callable[[], Awaitable[bytes]]) -> bytes:
        raise JobFailed("not today")

    worker = Worker(middleware=[refuse])

    @worker.register(function)
    async def work(job: Job) -> None:
        raise AssertionError("it was run")

    async with at_work(worker, server), open_client(server.address) as client:
        with pytest.raises(JobFailedError) as caught:
            await client.call(function, b"")
    assert type(caught.value) is JobFailedError


async def test_without_tracebacks_type_and_message_are_all_that_is_told(server: ServerProcess, function: str) -> None:
    worker = Worker(tracebacks=False)

    @worker.register(function)
    async def work(job: Job) -> None:
        raise KeyError("secret.py")

    async with at_work(worker, server), open_client(server.address) as client:
        with pytest.raises(JobRaisedError) as caught:
            await client.call(function, b"")
    assert caught.value.data == b"KeyError: 'secret.py'"


async def test_a_reducer_reaches_the_function(server: ServerProcess, function: str) -> None:
    worker = Worker()

    @worker.register(function)
    async def work(job: Job) -> bytes:
        return job.reducer + b"/" + job.payload

    async with at_work(worker, server), open_client(server.address) as client:
        assert await client.call(function, b"x", reducer="sum") == b"sum/x"
        assert await client.call(function, b"y") == b"/y"


async def test_a_plain_function_runs_in_a_thread_and_talks(server: ServerProcess, function: str) -> None:
    worker = Worker()
    threads: list[int] = []

    @worker.register_plain(function)
    def work(job: ThreadJob) -> bytes:
        threads.append(threading.get_ident())
        job.check()
        job.progress(1, 2)
        job.data(b"da\0ta")
        job.warn("careful")
        return job.payload[::-1]

    async with (
        at_work(worker, server),
        open_client(server.address) as client,
        client.follow(function, b"abc") as job,
    ):
        assert [update async for update in job] == [Progress(1, 2), Data(b"da\0ta"), Warned(b"careful")]
        assert await job.result() == b"cba"
    assert threads != [threading.get_ident()]


async def test_a_plain_function_of_a_shared_function(
    server: ServerProcess, send_email: Function[Email, Receipt]
) -> None:
    worker = Worker()

    @worker.register_plain(send_email)
    def send(job: ThreadJob, email: Email) -> Receipt:
        return Receipt(number=len(email.to))

    async with at_work(worker, server), open_client(server.address) as client:
        assert await client.call(send_email, Email(to="ann")) == Receipt(number=3)


async def test_plain_functions_keep_to_the_callers_limiter(server: ServerProcess, function: str) -> None:
    limiter = trio.CapacityLimiter(1)
    worker = Worker(concurrency=4, thread_limiter=limiter)
    running, most = 0, 0

    @worker.register_plain(function)
    def work(job: ThreadJob) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        job.progress(1, 1)  # lets others go on
        running -= 1

    async with (
        at_work(worker, server),
        open_client(server.address) as client,
        trio.open_nursery() as nursery,
    ):
        for _ in range(20):
            nursery.start_soon(client.call, function, b"")
    assert most == 1


async def test_a_thread_that_is_left_alone_is_told_when_it_speaks(server: ServerProcess, function: str) -> None:
    worker = Worker()
    begun, go_on, told = threading.Event(), threading.Event(), threading.Event()

    @worker.register_plain(function)
    def work(job: ThreadJob) -> None:
        begun.set()
        go_on.wait(30)
        try:
            job.progress(1, 1)
        except JobGivenUp:
            with pytest.raises(JobGivenUp):
                job.check()
            told.set()

    async with open_client(server.address) as client, client.follow(function, b"x"):
        async with trio.open_nursery() as nursery:
            await nursery.start(worker.run, server.address)
            assert await trio.to_thread.run_sync(begun.wait, 30)
            nursery.cancel_scope.cancel()
        go_on.set()
        assert await trio.to_thread.run_sync(told.wait, 30)


async def test_a_job_whose_time_is_up_is_cancelled_here_and_given_to_another_worker(
    server: ServerProcess, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker()
    cancelled = trio.Event()

    @worker.register(function, timeout=1)
    async def work(job: Job) -> None:
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()
            worker.drain()

    async with open_client(server.address) as client, client.follow(function, b"x") as followed:
        async with trio.open_nursery() as nursery:
            await nursery.start(worker.run, server.address)
            await cancelled.wait()
        assert f"job {followed.handle.decode()} of {function} is given up: its time is up" in caplog.text
        async with raw_worker(server, function) as other:
            assert (await other.take()).handle == followed.handle


async def test_code_of_a_job_knows_its_job_and_so_does_its_log(
    server: ServerProcess, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(concurrency=2)
    logger = logging.getLogger("tests.user")
    caplog.handler.addFilter(JobLogFilter())
    caplog.set_level(logging.INFO)

    def in_a_thread() -> None:
        logger.info("thread")

    @worker.register(function)
    async def work(job: Job) -> bytes:
        assert current_job() is job
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, in_a_thread)
        logger.info("loop")
        return job.handle

    logger.info("outside")
    async with at_work(worker, server), open_client(server.address) as client:
        handle = (await client.call(function, b"")).decode()
    logged = {record.message: vars(record) for record in caplog.records if record.name == "tests.user"}
    assert (logged["outside"]["job"], logged["outside"]["function"]) == ("-", "-")
    for where in ("thread", "loop"):
        assert (logged[where]["job"], logged[where]["function"]) == (handle, function)


def test_an_async_function_is_no_plain_one(function: str) -> None:
    async def work(job: ThreadJob) -> bytes:
        return b""

    with pytest.raises(TypeError, match="work is async: it is registered by register"):
        Worker().register_plain(function)(work)  # type: ignore[type-var]  # that is the fault


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param(partial(Worker, concurrency=0), "at least 1, not 0", id="no place"),
        pytest.param(partial(Worker, client_id="a b"), "no spaces", id="an id with a space"),
        pytest.param(partial(Worker, client_id="a" * 10_000), "no server can be told of it: ", id="an endless id"),
    ],
)
def test_arguments_that_cannot_be_right_are_refused(wrong: Callable[[], Worker], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        wrong()


async def test_what_has_the_wrong_type_is_refused_in_words() -> None:
    """Untyped code, that is."""
    with pytest.raises(TypeError, match="a client id is bytes or text, not int"):
        Worker(client_id=7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"tls is an ssl\.SSLContext, .*not True"):
        await Worker().run("127.0.0.1:1", tls=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("function", "timeout", "sentence"),
    [
        pytest.param(b"a\0b", None, "NUL", id="a NUL"),
        pytest.param("a" * 10_000, None, "longer than", id="an endless name"),
        pytest.param("a", 1e300, "no server can be told of it: ", id="an endless time"),
    ],
)
def test_what_no_server_can_be_told_is_refused_when_it_is_registered(
    function: bytes | str, timeout: float | None, sentence: str
) -> None:
    async def work(job: Job) -> bytes:
        return b""

    with pytest.raises(ValueError, match=sentence):
        Worker().register(function, timeout=timeout)(work)
