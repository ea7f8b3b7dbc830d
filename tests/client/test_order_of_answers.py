"""Which answer belongs to whom, with a server that plays tricks."""

import pytest
import trio

from client import Client, ConnectionLostError, Data, JobFailedError, RefusedError, Status
from protocol import (
    EchoReq,
    EchoRes,
    Error,
    GetStatus,
    JobAssign,
    JobCreated,
    Noop,
    Packet,
    StatusRes,
    SubmitJob,
    WorkComplete,
    WorkData,
    WorkFail,
)
from tests.client.scripted import Line, ScriptedServer, scripted_client


async def test_answers_go_by_the_order_of_requests_and_an_error_stands_for_one() -> None:
    told: dict[str, object] = {}

    async def submit(client: Client, payload: str) -> None:
        try:
            told[payload] = await client.submit_background("f", payload)
        except RefusedError as error:
            told[payload] = (error.code, error.text, str(error))

    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:
        for payload in ("one", "two", "three"):
            nursery.start_soon(submit, client, payload)
            assert (await line.hear(SubmitJob)).payload == payload.encode()
        await line.say(JobCreated(b"H:1"), Error(b"QUEUE_ERROR", b"Job queue is full"), Noop(), JobCreated(b"H:3"))
    assert told == {
        "one": b"H:1",
        "two": (b"QUEUE_ERROR", b"Job queue is full", "Job queue is full (QUEUE_ERROR)"),
        "three": b"H:3",
    }


async def test_the_answer_of_a_cancelled_request_is_not_given_to_the_next() -> None:
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(_cancel_when_heard, line, scope)
            await client.submit_background("f", b"")
        assert scope.cancelled_caught

        async def answer() -> None:
            await line.hear(GetStatus)
            await line.say(JobCreated(b"H:1"), StatusRes(b"H:2", True, True, 1, 2))

        nursery.start_soon(answer)
        assert await client.status(b"H:2") == Status(True, True, 1, 2)


async def _cancel_when_heard(line: Line, scope: trio.CancelScope) -> None:
    await line.hear(SubmitJob)
    scope.cancel()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(JobCreated(b"H:1"), "a JobCreated in the place of a EchoRes", id="of another kind"),
        pytest.param(JobAssign(b"H:1", b"f", b""), "a JobAssign is not for a client", id="for a worker"),
    ],
)
async def test_an_answer_that_does_not_fit_ends_the_connection(wrong: Packet, reason: str) -> None:
    server = ScriptedServer()
    async with scripted_client(server) as (client, line), trio.open_nursery() as nursery:

        async def answer() -> None:
            await line.hear(EchoReq)
            await line.say(wrong, EchoRes(b"ping"))

        nursery.start_soon(answer)
        with pytest.raises(ConnectionLostError, match=reason):
            await client.ping()
        await line.wait_hung_up()


async def test_an_answer_that_nobody_asked_for_ends_the_connection() -> None:
    async with scripted_client(ScriptedServer()) as (_, line):
        await line.say(Error(b"WHAT", b"ever"))
        await line.wait_hung_up()


async def test_a_packet_that_breaks_the_protocol_ends_the_connection() -> None:
    async with scripted_client(ScriptedServer()) as (_, line):
        await line.say_bytes(b"\0REQ" + b"\0" * 8)
        await line.wait_hung_up()


async def test_copies_for_submits_that_share_a_job_are_handed_out_one_each() -> None:
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:
        results: list[bytes] = []

        async def call() -> None:
            results.append(await client.call("f", b"", unique=b"u"))

        for _ in range(2):
            nursery.start_soon(call)
            await line.hear(SubmitJob)
        await line.say(JobCreated(b"H:1"), WorkData(b"H:1", b"<first alone>"), JobCreated(b"H:1"))
        for part in (b"a", b"b"):
            await line.say(WorkData(b"H:1", part), WorkData(b"H:1", part))
        await line.say(WorkComplete(b"H:1", b"!"), WorkComplete(b"H:1", b"!"))
    assert sorted(results) == [b"<first alone>ab!", b"ab!"]


async def test_one_copy_of_the_end_ends_the_job_for_all_who_share_it() -> None:
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:

        async def call() -> None:
            with pytest.raises(JobFailedError):
                await client.call("f", b"", unique=b"u")

        for _ in range(2):
            nursery.start_soon(call)
            await line.hear(SubmitJob)
        await line.say(JobCreated(b"H:1"), JobCreated(b"H:1"), WorkFail(b"H:1"))


async def test_news_of_a_job_that_is_over_is_dropped() -> None:
    async with scripted_client(ScriptedServer()) as (client, line), trio.open_nursery() as nursery:

        async def answer() -> None:
            await line.hear(SubmitJob)
            await line.say(JobCreated(b"H:1"), WorkData(b"H:1", b"x"), WorkFail(b"H:1"), WorkComplete(b"H:1", b"y"))
            await line.hear(EchoReq)
            await line.say(WorkData(b"H:1", b"z"), EchoRes(b"ping"))

        nursery.start_soon(answer)
        async with client.follow("f", b"") as job:
            assert await anext(job) == Data(b"x")
            with pytest.raises(JobFailedError):
                await anext(job)
        await client.ping()
