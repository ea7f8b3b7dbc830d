"""What `client.admin` asks, and the records it answers with."""

from pathlib import Path

import pytest
import trio

from client import (
    CannotConnectError,
    Client,
    ConnectedPeer,
    ConnectionLostError,
    DeadJob,
    FunctionQueues,
    FunctionStatus,
    JobFailedError,
    ListedJob,
    Priority,
    RefusedError,
    UnreadableReplyError,
    open_client,
)
from client.admin_records import connected_peer, dead_job, function_status
from client.opening import client_over
from client.rota import Rota
from client.route import Route
from protocol import SetClientId, WorkComplete
from tests.client.scripted import ScriptedServer
from tests.processes import BrokerProcess, ServerProcess
from tests.raw_worker import raw_worker


async def function_named(client: Client, name: str) -> FunctionStatus | None:
    return next((one for one in await client.admin.status() if one.name == name.encode()), None)


async def test_status_counts_jobs_and_workers(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        await client.submit_background(function, b"1")
        await client.submit_background(function, b"2")
        job = await worker.take()
        status = await function_named(client, function)
        assert status == FunctionStatus(function.encode(), total=2, running=1, workers=1)
        assert status.queued == 1
        await worker.say(WorkComplete(job.handle, b""))


async def test_prioritystatus_counts_queued_jobs_by_priority(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        for priority in (Priority.HIGH, Priority.NORMAL, Priority.NORMAL, Priority.LOW):
            await client.submit_background(function, b"", priority=priority)
        queues = {queues.name: queues for queues in await client.admin.prioritystatus()}
    assert queues[function.encode()] == FunctionQueues(function.encode(), high=1, normal=2, low=1, workers=0)


async def test_workers_lists_connections_with_their_functions(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client, raw_worker(server, function) as worker:
        await worker.say(SetClientId(function[::-1].encode()))
        assert await worker.grab() is None  # now it has been heard
        peers = {peer.client_id: peer for peer in await client.admin.workers()}
    peer = peers[function[::-1].encode()]
    assert peer.functions == (function.encode(),)
    assert peer.address == "127.0.0.1"


async def test_show_jobs(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        handle = await client.submit_background(function, b"")
        jobs = {job.handle: job for job in await client.admin.show_jobs()}
    assert jobs[handle] == ListedJob(handle, retries=0, ignored=False, background=True)


async def test_show_unique_jobs(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        await client.submit_background(function, b"", unique=function)
        assert function.encode() in await client.admin.show_unique_jobs()


async def test_version(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        version = await client.admin.version()
    assert version[0].isdigit()
    assert "OK" not in version


async def test_getpid(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        assert await client.admin.getpid() == server.pid


async def test_verbose(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        assert (await client.admin.verbose()).isupper()


async def test_cancel_job_takes_a_queued_job_away(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        async with client.follow(function, b"") as job:
            assert await client.admin.cancel_job(job.handle)
            with trio.fail_after(20), pytest.raises(JobFailedError):
                await job.result()
        assert not await client.admin.cancel_job("H:nowhere:1")


async def test_jobs_that_were_given_up_are_listed_and_revived(tmp_path: Path, function: str) -> None:
    with BrokerProcess(tmp_path / "data", "--job-retries", "1") as server:
        async with open_client(server.address) as client:
            handle = await client.submit_background(function, b"", unique=function)
            async with raw_worker(server, function) as worker:
                await worker.take()
            (dead,) = await given_up(client)
            assert dead == DeadJob(handle, function.encode(), dead.given_up_at, attempts=1)
            heir = await client.submit_background(function, b"", unique=function)
            with pytest.raises(RefusedError, match=heir.decode()) as caught:
                await client.admin.revive_job(handle)
            assert caught.value.code == b"UNIQUE_HELD"
            assert await client.admin.cancel_job(heir)
            assert await client.admin.revive_job(handle)
            assert not await client.admin.revive_job(handle)
            assert not await client.admin.revive_job("H:nowhere:1")
            assert await client.admin.show_dead() == ()
            async with raw_worker(server, function) as worker:
                assert (await worker.take()).handle == handle
            (dead,) = await given_up(client)
            assert await client.admin.cancel_job(dead.handle)
            assert await client.admin.show_dead() == ()


async def given_up(client: Client) -> tuple[DeadJob, ...]:
    """What was given up, as soon as the server has noticed that the worker is gone."""
    with trio.fail_after(20):
        while not (dead := await client.admin.show_dead()):
            pass
    return dead


@pytest.mark.parametrize("server_kind", ["gearmand"], indirect=True, scope="session")
async def test_a_server_that_keeps_none_of_them_refuses_the_question(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        with pytest.raises(RefusedError) as caught:
            await client.admin.show_dead()
        assert caught.value.code == b"UNKNOWN_SHOW_ARGUMENTS"
        with pytest.raises(RefusedError) as caught:
            await client.admin.revive_job("H:nowhere:1")
        assert caught.value.code == b"UNKNOWN_COMMAND"


async def test_create_and_drop_function(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        await client.admin.create_function(function)
        await client.admin.create_function(function)
        assert await function_named(client, function) == FunctionStatus(function.encode(), 0, 0, 0)
        await client.admin.drop_function(function)
        assert await function_named(client, function) is None
        with pytest.raises(RefusedError):
            await client.admin.drop_function(function)


async def test_drop_function_is_refused_while_there_is_a_worker(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        await client.admin.create_function(function)
        async with raw_worker(server, function) as worker:
            assert await worker.grab() is None
            with pytest.raises(RefusedError, match="workers"):
                await client.admin.drop_function(function)


async def test_maxqueue_refuses_what_is_too_much(server: ServerProcess, function: str) -> None:
    async with open_client(server.address) as client:
        await client.admin.create_function(function)
        await client.admin.maxqueue(function, normal=1)
        await client.submit_background(function, b"1")
        with pytest.raises(RefusedError) as caught:
            await client.submit_background(function, b"2")
        assert caught.value.code == b"QUEUE_ERROR"
        await client.submit_background(function, b"3", priority=Priority.HIGH)
        await client.admin.maxqueue(function)
        await client.submit_background(function, b"4")


async def test_words_that_no_command_can_say_are_refused(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        for wrong in ("", "a b", "a\nshutdown", "a\0"):
            with pytest.raises(ValueError, match="cannot say"):
                await client.admin.create_function(wrong)
        with pytest.raises(ValueError, match="0 \\(none\\) or above, not -1"):
            await client.admin.maxqueue("f", low=-1)


def test_rows_are_read_from_the_right_where_names_may_hold_the_separator() -> None:
    assert function_status(b"a\tb\t3\t2\t1") == FunctionStatus(b"a\tb", 3, 2, 1)
    assert connected_peer(b"7 ::1 my id : f g") == ConnectedPeer(7, "::1", b"my id", (b"f", b"g"))
    assert dead_job(b"H:1\tf\t1764300000\t3") == DeadJob(b"H:1", b"f", 1764300000, 3)
    assert connected_peer(b"-1 10.0.0.1 - :") == ConnectedPeer(-1, "10.0.0.1", b"-", ())


async def ask_status(answer: bytes) -> tuple[FunctionStatus, ...]:
    """Asks a server that says just this."""
    server = ScriptedServer()

    async def dial() -> trio.abc.Stream:
        stream = await server.dial()
        line = await server.next_line()
        if server.dials > 1:
            await line.say_bytes(answer)
        return stream

    async with client_over(Rota([Route("the script", dial)], spread=False)) as client:
        server.greets = False
        return await client.admin.status()


async def test_a_refusal_in_the_place_of_a_list() -> None:
    with pytest.raises(RefusedError) as caught:
        await ask_status(b"ERR UNKNOWN_COMMAND Unknown+server+command\r\n")
    assert (caught.value.code, caught.value.text) == (b"UNKNOWN_COMMAND", b"Unknown server command")


async def test_a_function_that_is_called_like_a_refusal() -> None:
    assert await ask_status(b"ERR X\t1\t0\t0\n.\n") == (FunctionStatus(b"ERR X", 1, 0, 0),)


async def test_a_list_with_a_line_that_is_none() -> None:
    with pytest.raises(UnreadableReplyError, match="f 1"):
        await ask_status(b"f 1\n.\n")


async def test_a_server_that_is_gone_meanwhile(own_server: ServerProcess) -> None:
    async with open_client(own_server.address) as client:
        await trio.to_thread.run_sync(own_server.kill9)
        with pytest.raises((CannotConnectError, ConnectionLostError)):
            await client.admin.status()
