"""Questions: states of jobs, echoes, options, and the order of all answers."""

import pytest

from protocol import (
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GetStatus,
    GetStatusUnique,
    GrabJob,
    JobAssign,
    JobCreated,
    NoJob,
    Noop,
    OptionReq,
    OptionRes,
    PreSleep,
    SetClientId,
    StatusRes,
    StatusResUnique,
    SubmitJob,
    WorkComplete,
    WorkStatus,
)
from tests.broker.running import OpenRunning, Running


@pytest.mark.parametrize("payload", [b"", b"a\0b", b"x" * 1_000_000])
async def test_an_echo_brings_the_same_bytes_back(one: Running, payload: bytes) -> None:
    assert await (await one.peer()).ask(EchoReq(payload)) == EchoRes(payload)


async def test_the_state_of_a_job_from_its_submit_to_its_end(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    handle = await client.submit_background(b"f", b"x")
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)
    await worker.grab()
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0, 0)
    await worker.say(WorkStatus(handle, b"1", b"4"), WorkStatus(handle, b"3", b"4"))
    assert await worker.heard() == []
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, True, True, 3, 4)
    await worker.say(WorkComplete(handle, b""))
    assert await worker.heard() == []
    assert await client.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)


async def test_a_worker_that_asks_right_after_its_progress_sees_it(one: Running) -> None:
    worker = await one.worker(b"f")
    handle = await worker.submit_background(b"f", b"x")
    await worker.grab()
    await worker.say(WorkStatus(handle, b"1", b"4"), GetStatus(handle))
    assert await worker.hear() == StatusRes(handle, True, True, 1, 4)


@pytest.mark.parametrize("handle", [b"", b"H:elsewhere:1", b"x" * 64, b"x" * 8000, b"H:\xff\xfe"])
async def test_a_handle_that_nobody_gave_out_is_unknown(one: Running, handle: bytes) -> None:
    assert await (await one.peer()).ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)


async def test_a_stray_nul_behind_a_handle_is_not_part_of_it(one: Running) -> None:
    client = await one.peer()
    handle = await client.submit_background(b"f", b"x")
    body = handle + b"\0"
    await client.say_bytes(b"\0REQ\0\0\0\x0f" + len(body).to_bytes(4, "big") + body)
    assert await client.hear() == StatusRes(handle, True, False, 0, 0)


async def test_a_job_is_found_by_its_unique_whatever_its_function(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"g")
    await client.submit_background(b"f", b"x", b"of f")
    handle = await client.submit_background(b"g", b"x", b"of g")
    await worker.grab()
    await worker.say(WorkStatus(handle, b"1", b"2"))
    assert await worker.heard() == []
    assert await client.ask(GetStatusUnique(b"of g")) == StatusResUnique(b"of g", True, True, 1, 2, 0)
    assert await client.ask(GetStatusUnique(b"of f")) == StatusResUnique(b"of f", True, False, 0, 0, 0)
    assert await client.ask(GetStatusUnique(b"of h")) == StatusResUnique(b"of h", False, False, 0, 0, 0)


@pytest.mark.parametrize("unique", [b"x" * 64, b"x" * 65, b"x" * 8000])
async def test_a_long_unique_is_answered_too(one: Running, unique: bytes) -> None:
    answer = await (await one.peer()).ask(GetStatusUnique(unique))
    assert answer == StatusResUnique(unique, False, False, 0, 0, 0)


@pytest.mark.parametrize("option", [b"exceptions", b"EXCEPTIONS", b"exceptions\0"])
async def test_the_option_of_exceptions_is_confirmed_in_the_words_of_who_asked(one: Running, option: bytes) -> None:
    assert await (await one.peer()).ask(OptionReq(option)) == OptionRes(option)


@pytest.mark.parametrize("option", [b"", b"other", b"exceptions ", b"x" * 64])
async def test_an_unknown_option_is_an_error(one: Running, option: bytes) -> None:
    peer = await one.peer()
    expected = Error(ErrorCode.UNKNOWN_OPTION, b"Server does not recognize given option")
    assert await peer.ask(OptionReq(option)) == expected
    assert await peer.ask(EchoReq(b"")) == EchoRes(b"")


async def test_pipelined_requests_are_answered_in_order_whatever_they_wait_for(one: Running) -> None:
    peer = await one.worker(b"f")
    await peer.say(
        EchoReq(b"1"),
        SubmitJob(b"f", b"", b"first", background=True),
        EchoReq(b"2"),
        GetStatusUnique(b"nothing"),
        OptionReq(b"exceptions"),
        GrabJob(),
        GrabJob(),
        EchoReq(b"3"),
        OptionReq(b"wrong"),
        SubmitJob(b"f", b"", b"second", background=True),
        EchoReq(b"4"),
    )
    kinds = [await peer.hear() for _ in range(11)]
    assert [type(answer) for answer in kinds] == [
        EchoRes,
        JobCreated,
        EchoRes,
        StatusResUnique,
        OptionRes,
        JobAssign,
        NoJob,
        EchoRes,
        Error,
        JobCreated,
        EchoRes,
    ]


async def test_a_worker_that_pipelines_grab_and_sleep_gets_each_in_order(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await worker.say(GrabJob(), PreSleep())
    assert await worker.hear() == NoJob()
    handle = await client.submit_background(b"f", b"x")
    assert await worker.hear() == Noop()
    await worker.say(GrabJob(), GrabJob(), PreSleep())
    assert await worker.hear() == JobAssign(handle, b"f", b"x")
    assert await worker.hear() == NoJob()


async def test_a_job_is_created_before_anything_else_is_said_of_it(one: Running) -> None:
    peer = await one.worker(b"f")
    assert await peer.ask(GrabJob(), PreSleep()) == NoJob()
    await peer.say(SubmitJob(b"f", b"", b"x"))
    said = [await peer.hear(), await peer.hear()]
    created = next(answer for answer in said if isinstance(answer, JobCreated))
    assert sorted(said, key=str) == sorted([created, Noop()], key=str)
    await peer.say(GrabJob(), WorkComplete(created.handle, b"end"))
    assert [type(await peer.hear()), type(await peer.hear())] == [JobAssign, WorkComplete]


async def test_a_deep_pipeline_is_answered_whole(one: Running) -> None:
    client = await one.peer()
    submits = [SubmitJob(b"f", b"", b"%d" % number, background=True) for number in range(10_000)]

    await client.say(*submits)
    handles = {(await client.expect(JobCreated)).handle for _ in submits}
    assert len(handles) == len(submits)


async def test_a_state_is_told_by_every_broker(open_one: OpenRunning) -> None:
    async with open_one() as here, open_one() as there:
        client, worker, asker = await here.peer(), await here.worker(b"f"), await there.peer()
        handle = await client.submit_background(b"f", b"x", b"u")
        await worker.grab()
        await worker.say(WorkStatus(handle, b"1", b"2"))
        assert await worker.heard() == []
        assert await asker.ask(GetStatus(handle)) == StatusRes(handle, True, True, 1, 2)
        assert await asker.ask(GetStatusUnique(b"u")) == StatusResUnique(b"u", True, True, 1, 2, 0)


async def test_a_client_id_is_cut_where_gearmand_cuts_it(one: Running) -> None:
    peer = await one.peer()
    await peer.say(SetClientId(b"x" * 200))
    assert b" " + b"x" * 127 + b" :" in await peer.ask_in_text(b"workers")
