"""show dead, revive job, and cancel job of a job that was given up: at any broker, and run by a real worker."""

from contextlib import AbstractAsyncContextManager

import pytest

from protocol import GetStatus, JobAssignUniq, Noop, StatusRes, WorkComplete, WorkFail
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running
from tests.persistence.store.beside import LARGE
from tests.servers import RedisServer

OK = b"OK\r\n"
UNKNOWN = b"ERR UNKNOWN_JOB\r\n"
NOT_GIVEN_UP = b"ERR NOT_GIVEN_UP the+job+was+not+given+up:+it+is+queued,+runs,+or+waits+for+its+time\r\n"


def strict(open_one: OpenRunning, **fields: object) -> AbstractAsyncContextManager[Running]:
    """A broker that gives a job up after its second run."""
    return open_one(job_retries=2, **fields)


async def kill_two_workers(one: Running, function: bytes, handle: bytes) -> None:
    for _ in range(2):
        await kill_a_worker(one, function, handle)


async def kill_a_worker(one: Running, function: bytes, handle: bytes) -> None:
    connections = len(one.broker.sessions)
    worker = await one.worker(function)
    assert (await worker.take()).handle == handle
    await worker.leave()
    await one.until(lambda: len(one.broker.sessions) == connections)
    await one.settled()


async def given_up(one: Running, payload: bytes = b"x", unique: bytes = b"", function: bytes = b"f") -> bytes:
    """The handle of a background job that has killed two workers."""
    handle = await (await one.peer()).submit_background(function, payload, unique)
    await kill_two_workers(one, function, handle)
    return handle


async def revive(peer: Peer, handle: bytes) -> bytes:
    return await peer.ask_in_text(b"revive job " + handle)


async def rows(peer: Peer) -> list[list[bytes]]:
    """What `show dead` lists, by handle."""
    *lines, dot = (await peer.ask_in_text(b"show dead")).splitlines()
    assert dot == b"."
    return sorted(line.split(b"\t") for line in lines)


async def test_the_dead_of_all_functions_are_listed_at_any_broker(
    open_one: OpenRunning, shared_server: RedisServer
) -> None:
    async with strict(open_one) as one, strict(open_one, job_handle_prefix="H:other:") as other:
        here, there = await one.peer(), await other.peer()
        assert await there.ask_in_text(b"show dead") == b".\n"
        since = int(shared_server.client().time()[0])
        handles = {function: await given_up(one, function=function) for function in (b"f", b"a\tb\n")}
        await here.submit_background(b"f", b"lives")
        listed = await rows(here)
        assert [(row[0], row[1], row[3]) for row in listed] == sorted(
            [(handles[b"f"], b"f", b"2"), (handles[b"a\tb\n"], b"a_b_", b"2")]
        )
        now = int(shared_server.client().time()[0])
        assert all(since <= int(row[2]) <= now for row in listed)
        assert {row[0] for row in await rows(there)} == {
            b"H:other:" + handle.removeprefix(b"H:") for handle in handles.values()
        }
        assert await here.ask_in_text(b"Show Dead") == await here.ask_in_text(b"show dead")
        assert await here.ask_in_text(b"show dead x") == b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"


async def test_a_revived_job_wakes_a_worker_at_another_broker_and_is_done(open_one: OpenRunning) -> None:
    async with strict(open_one) as one, strict(open_one) as other:
        handle, admin = await given_up(one, b"x", b"u"), await one.peer()
        worker = await other.sleeper(b"f")
        assert await revive(admin, handle) == OK
        assert await worker.hear() == Noop()
        assert await worker.grab() == JobAssignUniq(handle, b"f", b"u", b"x")
        assert await admin.ask(GetStatus(handle)) == StatusRes(handle, True, True, 0, 0)
        assert await admin.ask_in_text(b"show jobs") == handle + b"\t0\t0\t1\n.\n"
        assert await admin.ask_in_text(b"show unique jobs") == b"u\n.\n"
        assert await revive(admin, handle) == NOT_GIVEN_UP
        await worker.say(WorkComplete(handle, b"done"))
        assert await worker.heard() == []
        assert await revive(admin, handle) == UNKNOWN
        assert await admin.ask_in_text(b"show dead") == b".\n"
        assert (await admin.ask_in_text(b"status")).startswith(b"f\t0\t0\t")


async def test_one_that_is_revived_has_all_its_runs_before_it(open_one: OpenRunning) -> None:
    async with strict(open_one) as one:
        handle, admin = await given_up(one), await one.peer()
        assert await revive(admin, handle) == OK
        await kill_two_workers(one, b"f", handle)
        assert [(row[0], row[3]) for row in await rows(admin)] == [(handle, b"4")]
        assert await admin.ask_in_text(b"status") == b"f\t0\t0\t0\n.\n"


async def test_who_waited_is_not_told_a_second_end(open_one: OpenRunning) -> None:
    async with strict(open_one) as one:
        client = await one.peer()
        handle = await client.submit(b"f", b"x")
        await kill_two_workers(one, b"f", handle)
        assert await client.hear() == WorkFail(handle)
        assert await revive(await one.peer(), handle) == OK
        worker = await one.worker(b"f")
        assert (await worker.grab()).handle == handle
        await worker.say(WorkComplete(handle, b"late"))
        assert await worker.heard() == []
        assert await client.heard() == []


async def test_while_another_job_holds_its_unique_it_is_refused_and_told_which(open_one: OpenRunning) -> None:
    async with strict(open_one) as one:
        handle, client = await given_up(one, b"x", b"u"), await one.peer()
        heir = await client.submit_background(b"f", b"y", b"u")
        expected = b"ERR UNIQUE_HELD the+unique+of+this+job+is+held+by+job+%b+now\r\n" % heir
        assert await revive(client, handle) == expected
        assert await client.ask_in_text(b"cancel job " + heir) == OK
        assert await revive(client, handle) == OK


async def test_a_large_payload_is_handed_out_whole_by_a_broker_that_never_had_it(open_one: OpenRunning) -> None:
    async with strict(open_one) as one, strict(open_one) as other:
        handle = await given_up(one, LARGE)
        assert await revive(await other.peer(), handle) == OK
        job = await (await other.worker(b"f")).take()
        assert (job.handle, job.payload) == (handle, LARGE)


async def test_the_dead_outlive_their_broker(open_one: OpenRunning) -> None:
    async with strict(open_one) as one:
        handle = await given_up(one)
    async with strict(open_one) as again:
        admin = await again.peer()
        assert [row[0] for row in await rows(admin)] == [handle]
        assert await revive(admin, handle) == OK
    async with strict(open_one) as third:
        assert (await (await third.worker(b"f")).take()).handle == handle


async def test_a_cancelled_one_is_gone_for_good(open_one: OpenRunning) -> None:
    async with strict(open_one) as one:
        handle, admin = await given_up(one), await one.peer()
        assert await admin.ask_in_text(b"cancel job " + handle) == OK
        assert await admin.ask_in_text(b"cancel job " + handle) == UNKNOWN
        assert await revive(admin, handle) == UNKNOWN
        assert await admin.ask_in_text(b"show dead") == b".\n"
        assert await admin.ask_in_text(b"status") == b"f\t0\t0\t0\n.\n"


async def test_one_of_a_dropped_function_is_refused_until_that_is_made_again(open_one: OpenRunning) -> None:
    async with strict(open_one) as one:
        handle, admin = await given_up(one), await one.peer()
        assert await admin.ask_in_text(b"drop function f") == OK
        assert await admin.ask_in_text(b"show dead") == b".\n"
        refused = b"ERR FUNCTION_DROPPED the+function+of+this+job+was+dropped:+create+it+again+before\r\n"
        assert await revive(admin, handle) == refused
        assert await admin.ask_in_text(b"create function f") == OK
        assert [row[0] for row in await rows(admin)] == [handle]
        assert await revive(admin, handle) == OK
        assert await admin.ask_in_text(b"status") == b"f\t1\t0\t0\n.\n"


@pytest.mark.parametrize("line", [b"revive", b"revive job", b"revive job H:1 H:2", b"revive function f"])
async def test_other_words_are_refused(one: Running, line: bytes) -> None:
    expected = b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+revive\r\n"
    assert await (await one.peer()).ask_in_text(line) == expected


@pytest.mark.parametrize("handle", [b"H:nowhere:1", b"H:ic6bxlmkyb3s6dxg:ndtiydyk6alq:1"])
async def test_what_nobody_knows_is_refused(one: Running, handle: bytes) -> None:
    assert await revive(await one.peer(), handle) == UNKNOWN
