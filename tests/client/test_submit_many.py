"""Many submits under way at once: order, back-pressure, refusals and losses."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest
import trio
import trio.testing

from client import (
    BackgroundJob,
    CannotConnectError,
    Client,
    ConnectionLostError,
    RefusedError,
    Submitted,
    open_client,
)
from client.opening import client_over
from protocol import EchoReq, EchoRes, Error, JobCreated, SubmitJob, WorkComplete
from tests.cancelling import cancelled_at
from tests.client.scripted import Line, ScriptedServer, scripted_client
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker

MANY = 5000
ENDLESS = 10**12


def numbered(function: str, count: int, unique: Callable[[int], str] = lambda number: "") -> Iterator[BackgroundJob]:
    return (BackgroundJob(function, str(number), unique=unique(number)) for number in range(count))


async def outcomes(client: Client, jobs: Iterable[BackgroundJob]) -> list[Submitted]:
    return [submitted async for submitted in client.submit_many(jobs)]


async def test_two_tasks_that_iterate_over_the_same_submits_are_told(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        submits = client.submit_many(numbered(function, 1))

        async def take(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
            with pytest.raises(trio.BusyResourceError, match="another task iterates"):
                await anext(submits)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take)
            assert (await anext(submits)).error is None
        with pytest.raises(StopAsyncIteration):
            await anext(submits)


def told(submitted: Submitted) -> tuple[str, object]:
    """The payload, and the handle or the kind of error."""
    payload = submitted.job.packet.payload.decode()
    return payload, submitted.handle if submitted.error is None else type(submitted.error)


async def test_thousands_of_jobs_are_queued_in_order_and_each_has_its_handle(
    server: ServerProcess, function: str
) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        submitted = await outcomes(client, numbered(function, MANY))
        assert [one.job.packet.payload for one in submitted] == [b"%d" % number for number in range(MANY)]
        assert all(one.error is None for one in submitted)
        assert len({one.handle for one in submitted}) == MANY
        for one in submitted[:100]:
            job = await worker.take()
            assert (job.handle, job.payload) == (one.handle, one.job.packet.payload)
            await worker.say(WorkComplete(job.handle, b""))
        jobs = {status.name: status.total for status in await client.admin.status()}
        assert jobs[function.encode()] == MANY - 100


async def test_no_job_is_no_outcome(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        assert await outcomes(client, []) == []


async def test_other_requests_of_the_client_are_served_meanwhile(server: ServerProcess, function: str) -> None:
    async with open_client(server.address, in_flight=10) as client, trio.open_nursery() as nursery:
        nursery.start_soon(outcomes, client, numbered(function, ENDLESS))
        for _ in range(50):
            await client.ping()
        nursery.cancel_scope.cancel()


async def test_another_request_does_not_wait_for_the_last_of_the_jobs() -> None:
    server = ScriptedServer()
    async with client_over(server.rota(), in_flight=3) as client, trio.open_nursery() as nursery:
        line = await server.accept()
        nursery.start_soon(outcomes, client, numbered("f", 100))
        for _ in range(3):
            await line.hear(SubmitJob)
        nursery.start_soon(client.ping)
        await trio.testing.wait_all_tasks_blocked()
        await line.say(JobCreated(b"H:0"))
        await line.hear(EchoReq)
        nursery.cancel_scope.cancel()


async def test_jobs_are_taken_from_the_iterable_as_room_is_made() -> None:
    server = ScriptedServer()
    taken = 0

    def jobs() -> Iterator[BackgroundJob]:
        nonlocal taken
        for job in numbered("f", 100):
            taken += 1
            yield job

    async with client_over(server.rota(), in_flight=10) as client:
        line = await server.accept()
        pipeline = client.submit_many(jobs())
        async with trio.open_nursery() as nursery:

            async def answer_one() -> None:
                await line.hear(SubmitJob)
                await line.say(JobCreated(b"H:1"))

            nursery.start_soon(answer_one)
            assert (await anext(pipeline)).handle == b"H:1"
        assert taken == 10


async def test_so_many_requests_are_in_flight_and_no_more(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with client_over(server.rota(), in_flight=3) as client:
        line = await server.accept()
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(client.ping)
            for _ in range(3):
                await line.hear(EchoReq)
            for _ in range(17):
                await line.expect_nothing(1)
                await line.say(EchoRes(b"ping"))
                await line.hear(EchoReq)
            await line.say(*[EchoRes(b"ping")] * 3)


async def test_a_connection_that_is_lost_while_there_is_no_room_leaves_nobody_waiting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with client_over(server.rota(), in_flight=1) as client, trio.open_nursery() as nursery:
        line = await server.accept()
        lost = 0

        async def ping() -> None:
            nonlocal lost
            try:
                await client.ping()
            except ConnectionLostError:
                lost += 1

        for _ in range(3):
            nursery.start_soon(ping)
        await line.hear(EchoReq)
        await line.hang_up()
        line = await server.accept()  # the two that had not left
        for _ in range(2):
            await line.hear(EchoReq)
            await line.say(EchoRes(b"ping"))
    assert lost == 1


async def test_a_refused_job_is_one_outcome_among_others() -> None:
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:

        async def answer() -> None:
            for _ in range(3):
                await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:0"), Error(b"QUEUE_ERROR", b"Job queue is full"), JobCreated(b"H:2"))

        nursery.start_soon(answer)
        submitted = await outcomes(client, numbered("f", 3))
    assert [told(one) for one in submitted] == [("0", b"H:0"), ("1", RefusedError), ("2", b"H:2")]


async def test_after_a_loss_only_what_is_safe_is_submitted_again_and_in_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with client_over(server.rota(), in_flight=4) as client, trio.open_nursery() as nursery:

        async def serve() -> None:
            first = await server.accept()
            assert [(await first.hear(SubmitJob)).payload for _ in range(4)] == [b"0", b"1", b"2", b"3"]
            await first.say(JobCreated(b"H:0"))
            await first.hang_up()
            second = await server.accept()
            for expected in (b"1", b"3", b"4", b"5", b"6"):  # 1 and 3 have uniques; the others are new
                assert (await second.hear(SubmitJob)).payload == expected
                await second.say(JobCreated(b"H:second-" + expected))

        nursery.start_soon(serve)
        submitted = await outcomes(client, numbered("f", 7, lambda number: f"u{number}" if number % 2 else ""))
    assert [told(one) for one in submitted] == [
        ("0", b"H:0"),
        ("1", b"H:second-1"),
        ("2", ConnectionLostError),
        ("3", b"H:second-3"),
        ("4", b"H:second-4"),
        ("5", b"H:second-5"),
        ("6", b"H:second-6"),
    ]


async def test_after_a_loss_what_had_not_left_is_submitted_on_the_next_connection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, first), trio.open_nursery() as nursery:

        async def ping_in_vain() -> None:
            with pytest.raises(ConnectionLostError):
                await client.ping()

        async def serve() -> None:
            await trio.testing.wait_all_tasks_blocked()
            server.clogged = None
            await first.hang_up()
            second = await server.accept()
            for number in range(100):
                assert (await second.hear(SubmitJob)).payload == b"%d" % number
                await second.say(JobCreated(b"H:%d" % number))

        server.clogged = trio.Event()
        nursery.start_soon(ping_in_vain)
        await first.hear(EchoReq)
        nursery.start_soon(serve)
        submitted = await outcomes(client, numbered("f", 100))  # behind the ping, whose sending does not end
    assert [one.handle for one in submitted] == [b"H:%d" % number for number in range(100)]


async def test_what_was_lost_twice_is_not_tried_a_third_time(autojump_clock: trio.testing.MockClock) -> None:
    server = ScriptedServer()
    async with client_over(server.rota()) as client, trio.open_nursery() as nursery:

        async def lose_twice() -> None:
            for _ in range(2):
                line = await server.accept()
                await line.hear(SubmitJob)
                await line.hang_up()

        nursery.start_soon(lose_twice)
        submitted = await outcomes(client, numbered("f", 1, str))
    assert [told(one) for one in submitted] == [("0", ConnectionLostError)]


async def test_without_a_server_each_job_is_an_outcome_and_the_next_server_is_used(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    submitted = []
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:
        server.up = False
        await line.hang_up()
        await trio.testing.wait_all_tasks_blocked()
        pipeline = client.submit_many(numbered("f", 4, str))
        submitted += [await anext(pipeline), await anext(pipeline)]
        server.up = True

        async def accept() -> None:
            line = await server.accept()
            for _ in range(2):
                job = await line.hear(SubmitJob)
                await line.say(JobCreated(b"H:" + job.payload))

        nursery.start_soon(accept)
        submitted += [one async for one in pipeline]
    assert [told(one) for one in submitted] == [
        ("0", CannotConnectError),
        ("1", CannotConnectError),
        ("2", b"H:2"),
        ("3", b"H:3"),
    ]


async def test_a_submit_that_was_sent_and_then_finds_no_server_is_lost_and_not_unsent(
    autojump_clock: trio.testing.MockClock,
) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def vanish() -> None:
            await line.hear(SubmitJob)
            server.up = False
            await line.hang_up()

        nursery.start_soon(vanish)
        submitted = await outcomes(client, numbered("f", 1, str))
    assert [told(one) for one in submitted] == [("0", ConnectionLostError)]


async def test_what_the_iterable_raises_comes_out_and_nothing_is_lost(server: ServerProcess, function: str) -> None:
    def jobs() -> Iterator[BackgroundJob]:
        yield from numbered(function, 3)
        raise KeyError("mine")

    async with open_client(server.address) as client:
        pipeline = client.submit_many(jobs())
        with pytest.raises(KeyError, match="mine"):
            await anext(pipeline)
        assert len([one async for one in pipeline if one.handle]) == 3


async def test_cancelled_at_any_await_nothing_is_lost(server: ServerProcess, function: str) -> None:
    tasks = trio.lowlevel.current_statistics().tasks_living
    submitted: list[Submitted] = []

    async with open_client(server.address, in_flight=3) as client:
        pipeline = client.submit_many(numbered(function, 40))

        async def take() -> None:
            async for one in pipeline:
                submitted.append(one)

        count = 1
        while await cancelled_at(count, take):
            count = count % 7 + 1
        assert [one.job.packet.payload for one in submitted] == [b"%d" % number for number in range(40)]
        assert len({one.handle for one in submitted}) == 40
        await client.ping()
    assert trio.lowlevel.current_statistics().tasks_living == tasks


async def test_an_iteration_broken_off_does_not_keep_a_connection_that_retires() -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, first), trio.open_nursery() as nursery:

        async def answer(line: Line) -> None:
            await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:0"))

        nursery.start_soon(answer, first)
        async for _ in client.submit_many(numbered("f", 1)):
            break
        nursery.start_soon(answer, first)
        async with client.follow("f", b"let go"):
            pass
        await first.wait_hung_up()


async def test_who_waits_for_an_outcome_when_the_client_is_closed_is_told() -> None:
    server = ScriptedServer()
    async with trio.open_nursery() as nursery, scripted_client(server) as (client, line):

        async def wait() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await outcomes(client, numbered("f", 3))

        nursery.start_soon(wait)
        await line.hear(SubmitJob)


def test_a_description_is_told_in_one_line_whatever_its_payload() -> None:
    job = BackgroundJob("f", b"x" * 1_000_000, unique="u")
    assert repr(job) == "<BackgroundJob of b'f', unique b'u', 1000000 bytes>"


def test_a_wrong_description_is_the_describers_error() -> None:
    for wrong, sentence in (
        (partial(BackgroundJob, "f", b"", unique="u" * 64), "a unique has at most 63 bytes"),
        (partial(BackgroundJob, "f", b"", reducer="u" * 64), "a reducer has at most 63 bytes"),
        (partial(BackgroundJob, "f", b"", reducer="r", run_at=1), "cannot have run_at"),
    ):
        with pytest.raises(ValueError, match=sentence):
            wrong()
