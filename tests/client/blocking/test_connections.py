"""What becomes of connections that end, hang or are interrupted, and how threads share them."""

import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NoReturn, Self

import pytest
import trio

from client import (
    BackgroundJob,
    CannotConnectError,
    ClientClosedError,
    ConnectionLostError,
    RefusedError,
    Submitted,
    TimedOutError,
)
from client.blocking import Client
from protocol import (
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GetStatus,
    JobCreated,
    OptionReq,
    StatusRes,
    SubmitJob,
    WorkComplete,
    WorkFail,
)
from tests.client.blocking.aside import Aside
from tests.client.blocking.listening import scripted_port
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker


async def test_a_connection_that_ended_while_idle_is_replaced_without_a_word(own_server: ServerProcess) -> None:
    with Client(own_server.address) as client:
        client.ping()
        own_server.kill9()
        own_server.start()
        client.ping()


async def test_a_submit_whose_answer_was_lost_is_repeated_once_if_it_has_a_unique() -> None:
    async with scripted_port() as port, trio.open_nursery() as nursery:
        with Client(port.address) as client:
            for unique, answered in (("u", True), ("u", False), ("", False)):
                submitted = Aside(nursery, partial(client.submit_background, "f", b"x", unique=unique))
                line = await port.greet()
                said = await line.hear(SubmitJob)
                await line.hang_up()
                if unique:
                    line = await port.greet()
                    assert await line.hear(SubmitJob) == said
                    if answered:
                        await line.say(JobCreated(b"H:1"))
                        assert await submitted.outcome() == b"H:1"
                    await line.hang_up()
                if not answered:
                    error = await submitted.outcome()
                    assert isinstance(error, ConnectionLostError)
                    assert error.handle is None
                    assert "may or may not have been accepted" in str(error)


async def test_wait_goes_on_while_the_store_is_away_and_not_over_another_refusal() -> None:
    async with scripted_port() as port, trio.open_nursery() as nursery:
        with Client(port.address) as client:
            waited = Aside(nursery, partial(client.wait, b"H:1"))
            line = await port.greet()
            for code in (ErrorCode.QUEUE_ERROR, ErrorCode.QUEUE_ERROR, ErrorCode.INVALID_COMMAND):
                await line.expect(GetStatus(b"H:1"))
                await line.say(Error(code, b"the store is not available"))
            error = await waited.outcome()
            assert isinstance(error, RefusedError)
            assert error.code == ErrorCode.INVALID_COMMAND


async def test_a_job_whose_connection_is_lost_is_not_submitted_again() -> None:
    async with scripted_port() as port, trio.open_nursery() as nursery:
        with Client(port.address) as client:
            called = Aside(nursery, partial(client.call, "f", b"x", unique="u"))
            line = await port.greet()
            await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:1"))
            await line.say_bytes(b"\0RES\0\0\0\x0d\0\0\0\xffhalf a packet")
            await line.hang_up()
            error = await called.outcome()
            assert isinstance(error, ConnectionLostError)
            assert error.handle == b"H:1"


async def test_a_late_word_about_a_job_that_is_over_disturbs_nobody() -> None:
    async with scripted_port() as port, trio.open_nursery() as nursery:
        with Client(port.address) as client:
            called = Aside(nursery, partial(client.call, "f", b""))
            line = await port.greet()
            await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:1"), WorkFail(b"H:1"), WorkComplete(b"H:1", b"after all"))
            await called.outcome()
            pinged = Aside(nursery, client.ping)
            await line.hear(EchoReq)
            await line.say(EchoRes(b"ping"))
            assert await pinged.outcome() is None


@pytest.mark.parametrize(
    "answer", [StatusRes(b"H:1", True, True, 0, 0), JobCreated(b"H:1")], ids=["another answer", "a job"]
)
async def test_an_answer_that_does_not_fit_ends_the_connection(answer: StatusRes | JobCreated) -> None:
    async with scripted_port() as port, trio.open_nursery() as nursery:
        with Client(port.address) as client:
            pinged = Aside(nursery, client.ping)
            line = await port.greet()
            await line.hear(EchoReq)
            await line.say(answer)
            error = await pinged.outcome()
            assert isinstance(error, ConnectionLostError)
            await line.wait_hung_up()


async def test_what_each_server_has_against_it_is_told() -> None:
    async with scripted_port() as mute, scripted_port() as rude, trio.open_nursery() as nursery:
        with Client(mute.address, rude.address, connect_timeout_seconds=0.2) as client:
            pinged = Aside(nursery, client.ping)
            line = await rude.next_line()
            await line.hear(OptionReq)
            await line.say(Error(b"NO", b"not you"))
            error = await pinged.outcome()
            assert isinstance(error, CannotConnectError)
            assert str(error) == (
                f"cannot connect to {mute.address}: no greeting within 0.2 seconds; "
                f"cannot connect to {rude.address}: not you (NO)"
            )


def test_the_callers_time_may_be_up_while_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = "{}:{}".format(*mute.getsockname())
        with Client(address) as client, pytest.raises(TimedOutError, match=f"no connection to {address} within 0.05"):
            client.ping(timeout=0.05)


def test_what_a_paused_server_answers_too_late_is_never_taken_for_another_answer(
    own_server: ServerProcess, function: str
) -> None:
    with Client(own_server.address) as client:
        handle = client.submit_background(function, b"")
        own_server.pause()
        with pytest.raises(TimedOutError, match="no answer from"):
            client.status(handle, timeout=0.05)
        own_server.resume()
        assert not client.status(b"H:nobody:1").known
        assert client.status(handle).known


class InterruptedSocket(socket.socket):
    """A real socket, whose n-th word is interrupted: it was said, or heard, and nobody will know."""

    words_left = 0

    @classmethod
    def over(cls, connected: socket.socket) -> Self:
        """Takes the connection over."""
        return cls(fileno=connected.detach())

    def send(self, *arguments: object) -> int:
        """As every socket's."""
        sent = super().send(*arguments)  # type: ignore[arg-type]  # passed on as they came
        self._count()
        return sent

    def recv(self, *arguments: object) -> bytes:
        """As every socket's."""
        data = super().recv(*arguments)  # type: ignore[arg-type]  # passed on as they came
        self._count()
        return data

    def _count(self) -> None:
        type(self).words_left -= 1
        if type(self).words_left == 0:
            raise KeyboardInterrupt


def test_an_exchange_that_is_interrupted_anywhere_costs_its_connection(
    server: ServerProcess, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *words: InterruptedSocket.over(connect(*words)))
    interrupted = 0
    for words in range(1, 12):
        with Client(server.address) as client:
            handle = client.submit_background(function, b"", unique=function)
            InterruptedSocket.words_left = words
            try:
                client.status(handle)
                list(client.submit_many([BackgroundJob(function, b"", unique=function)] * 2))
                with client.follow(function, b"", unique=function):
                    pass  # nobody runs it, so there is no further word
            except KeyboardInterrupt:
                interrupted += 1
            InterruptedSocket.words_left = 0
            assert not client.status(b"H:nobody:1").known
            assert client.submit_background(function, b"", unique=function) == handle
    assert interrupted >= 6


async def test_a_pipeline_goes_on_after_a_loss_with_what_may_be_repeated() -> None:
    jobs = [BackgroundJob("f", b"%d" % number, unique=f"u{number}" if number % 2 else "") for number in range(5)]
    async with scripted_port() as port, trio.open_nursery() as nursery:
        with Client(port.address) as client:
            submitted = Aside(nursery, lambda: list(client.submit_many(jobs)))
            line = await port.greet()
            for job in jobs:
                await line.expect(job.packet)
            await line.say(JobCreated(b"H:0"))
            await line.hang_up()
            line = await port.greet()
            await line.expect(jobs[1].packet, jobs[3].packet)
            await line.say(JobCreated(b"H:1"), JobCreated(b"H:3"))
            outcomes = await submitted.outcome()
            assert isinstance(outcomes, list)
            assert [kept(one) for one in outcomes] == [b"H:0", b"H:1", ConnectionLostError, b"H:3", ConnectionLostError]


def kept(submitted: Submitted) -> object:
    return submitted.handle or type(submitted.error)


def test_without_a_server_each_job_of_a_pipeline_has_its_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = "{}:{}".format(*closed.getsockname())
    with Client(address) as client:
        outcomes = list(client.submit_many(BackgroundJob("f", b"") for _ in range(3)))
    assert [type(one.error) for one in outcomes] == [CannotConnectError] * 3


def test_a_pipeline_that_is_broken_off_costs_its_connection_alone(server: ServerProcess, function: str) -> None:
    with Client(server.address, most_connections=1, in_flight=10) as client:
        handle = client.submit_background(function, b"")
        for _ in client.submit_many(BackgroundJob(function, b"") for _ in range(100)):
            break
        assert client.status(handle).known


def test_what_a_pipelines_iterable_raises_comes_out(server: ServerProcess, function: str) -> None:
    def jobs() -> NoReturn:
        raise KeyError("no more")

    with Client(server.address) as client, pytest.raises(KeyError):
        list(client.submit_many(jobs() for _ in range(1)))


async def test_threads_share_few_connections_and_each_gets_its_own_answers(
    own_server: ServerProcess, function: str
) -> None:
    def call(number: int) -> bytes:
        return client.call(function, b"%d" % number)

    def call_in_threads() -> list[bytes]:
        with ThreadPoolExecutor(12) as threads:
            return list(threads.map(call, range(60)))

    with Client(own_server.address, most_connections=3) as client:
        async with raw_worker(own_server, function) as worker, trio.open_nursery() as nursery:
            called = Aside(nursery, call_in_threads)  # nor does the end of the threads hold up what plays the worker
            for _ in range(60):
                job = await worker.take()
                await worker.say(WorkComplete(job.handle, job.payload))
            assert await called.outcome() == [b"%d" % number for number in range(60)]
            clients = [peer for peer in client.admin.workers() if not peer.functions]
            assert len(clients) <= 3 + 1  # and the one that asks


def test_a_thread_waits_for_a_free_connection_but_not_for_one_of_its_own(server: ServerProcess, function: str) -> None:
    with Client(server.address, most_connections=1) as client, ThreadPoolExecutor(1) as thread:
        with client.follow(function, b""):
            with pytest.raises(TimedOutError, match=r"none of the client's 1 connections became free within 0\.05"):
                thread.submit(client.ping, timeout=0.05).result()
            waiting = thread.submit(client.ping)
            with pytest.raises(RuntimeError, match="this thread itself uses all 1 connections"):
                client.ping()
        waiting.result(timeout=30)


def test_a_killed_server_is_left_for_the_next(
    own_server: ServerProcess, second_server: ServerProcess, function: str
) -> None:
    with Client(own_server.address, second_server.address) as client:
        client.submit_background(function, b"1")
        own_server.kill9()
        handle = client.submit_background(function, b"2")
        assert client.status(handle).known
        with Client(second_server.address) as second:
            assert second.status(handle).known


def test_a_wait_goes_on_while_the_server_is_away(own_server: ServerProcess, function: str) -> None:
    with Client(own_server.address) as client, ThreadPoolExecutor(1) as thread:
        handle = client.submit_background(function, b"")
        own_server.kill9()
        with pytest.raises(TimedOutError, match=r"job b'H:.*' is not over within 0.1 seconds"):
            client.wait(handle, timeout=0.1)
        waiting = thread.submit(client.wait, b"H:nobody:1", timeout=60)
        own_server.start()
        waiting.result()


def test_a_closed_client_says_so(server: ServerProcess, function: str) -> None:
    client = Client(server.address)
    with client.follow(function, b"") as job:
        client.close()
        assert job.handle
    with pytest.raises(ClientClosedError, match="is closed"):
        client.ping()
    client.close()
