"""create function, drop function, maxqueue: of one Redis, whichever broker is asked."""

import pytest

from broker.text.limiting import read_limits
from persistence import Limits
from protocol import LARGEST_NUMBER, Error, ErrorCode, JobCreated, Noop, Priority, SubmitJob
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running

OK = b"OK\r\n"
NOT_FOUND = b"ERR function not found\r\n"
IN_USE = b"ERR there are still connected workers or executing clients\r\n"
FULL = Error(ErrorCode.QUEUE_ERROR, b"Job queue is full")

LIMITS = {
    "none": ([], Limits()),
    "one for all": ([b"5"], Limits(5, 5, 5)),
    "two": ([b"5", b"6"], Limits(5, 6, 0)),
    "three": ([b"5", b"6", b"7"], Limits(5, 6, 7)),
    "no numbers": ([b"0", b"-3", b"many"], Limits()),
    "numbers as C reads them": ([b"5x", b"+6", b"007"], Limits(5, 6, 7)),
    "more than any": ([b"9" * 30], Limits(LARGEST_NUMBER, LARGEST_NUMBER, LARGEST_NUMBER)),
}


@pytest.mark.parametrize(("words", "limits"), LIMITS.values(), ids=LIMITS)
def test_limits_are_read_as_gearmand_reads_them(words: list[bytes], limits: Limits) -> None:
    assert read_limits(words) == limits


async def tell_of_workers(of: Running) -> None:
    """What a broker says of its workers to others is as old as its last beat: here is the next one."""
    of.broker.store.keeper.raise_soon(of.broker.store.link.incarnation)
    await of.settled()


async def may_submit(peer: Peer, function: bytes = b"f", **more: object) -> bool:
    answer = await peer.ask(SubmitJob(function, b"", b"x", background=True, **more))  # type: ignore[arg-type]  # it checks their names
    assert answer == FULL or isinstance(answer, JobCreated)
    return answer != FULL


async def test_a_function_that_was_made_here_is_listed_everywhere(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        assert await (await one.peer()).ask_in_text(b"create function F") == OK
        assert await (await other.peer()).ask_in_text(b"status") == b"F\t0\t0\t0\n.\n"
        assert await (await other.peer()).ask_in_text(b"prioritystatus") == b"F\t0\t0\t0\t0\n.\n"


async def test_a_function_is_not_dropped_while_it_has_workers_or_jobs_anywhere(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        client, admin = await one.peer(), await other.peer()
        worker = await one.worker(b"f")
        await client.submit_background(b"f", b"x")
        await worker.grab()
        await tell_of_workers(one)
        assert await admin.ask_in_text(b"drop function f") == IN_USE
        await worker.leave()
        await one.until(lambda: not one.broker.roster.lines[b"f"].workers)
        await tell_of_workers(one)
        assert await admin.ask_in_text(b"drop function f") == IN_USE  # the job is queued again
        last = await one.worker(b"f")
        await admin.ask_in_text(b"cancel job " + (await last.take()).handle)
        assert await client.ask_in_text(b"drop function f") == IN_USE
        await last.leave()
        await one.until(lambda: not one.broker.roster.lines[b"f"].workers)
        await tell_of_workers(one)
        assert await admin.ask_in_text(b"drop function f") == OK
        assert await client.ask_in_text(b"status") == b".\n"
        assert await admin.ask_in_text(b"drop function f") == NOT_FOUND


async def test_a_dropped_function_works_again_for_brokers_that_knew_it(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        client, admin = await one.peer(), await other.peer()
        worker = await one.worker(b"f")
        handle = await client.submit_background(b"f", b"x")
        await admin.ask_in_text(b"cancel job " + handle)
        await worker.leave()
        await one.until(lambda: not one.broker.roster.lines[b"f"].workers)
        await tell_of_workers(one)
        assert await admin.ask_in_text(b"drop function f") == OK
        again = await client.submit_background(b"f", b"x")
        assert (await (await other.worker(b"f")).take()).handle == again
        assert await admin.ask_in_text(b"status") == b"f\t1\t1\t1\n.\n"


async def test_a_submit_in_front_of_a_drop_on_one_connection_keeps_the_function(one: Running) -> None:
    client = await one.peer()
    job = client.encoded(SubmitJob(b"f", b"", b"x", background=True))
    await client.say_bytes(b"create function f\r\n" + job + b"drop function f\r\nmaxqueue f 1\r\n" + job)
    heard = await client.hear_bytes(lambda heard: b"Job queue is full" in heard)
    assert [part for part in (OK, IN_USE, OK) if heard.count(part)] == [OK, IN_USE, OK]
    assert heard.index(OK) < heard.index(IN_USE) < heard.rindex(OK)


async def test_a_limit_counts_at_every_broker_and_after_all_have_restarted(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        assert await (await one.peer()).ask_in_text(b"maxqueue f 2") == OK
        client = await other.peer()
        assert [await may_submit(client) for _ in range(3)] == [True, True, False]
    async with open_one() as again:
        client = await again.peer()
        assert not await may_submit(client)
        assert not await may_submit(client, priority=Priority.HIGH)
        assert await client.ask_in_text(b"maxqueue f 3 2 1") == OK
        assert not await may_submit(client)
        assert await may_submit(client, priority=Priority.HIGH)
        assert await client.ask_in_text(b"maxqueue f") == OK
        assert await may_submit(client, priority=Priority.LOW)


async def test_a_sleeper_is_not_woken_for_a_submit_that_is_refused(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    assert await client.ask_in_text(b"maxqueue f 1") == OK
    assert await may_submit(client)
    await worker.take()
    await worker.fall_asleep()
    assert not await may_submit(client)
    assert await worker.heard() == []
    assert await client.ask_in_text(b"maxqueue f") == OK
    assert await may_submit(client)
    assert await worker.hear() == Noop()


async def test_function_names_keep_their_case_and_command_words_do_not(one: Running) -> None:
    client = await one.peer()
    assert await client.ask_in_text(b"CREATE Function Foo") == OK
    assert await client.ask_in_text(b"drop FUNCTION foo") == NOT_FOUND
    assert await client.ask_in_text(b"MaxQueue Foo 1") == OK
    assert await may_submit(client, b"foo")
    assert await may_submit(client, b"foo")
    assert await may_submit(client, b"Foo")
    assert not await may_submit(client, b"Foo")


@pytest.mark.parametrize(
    "line", [b"create", b"create function", b"create function a b", b"DROP", b"drop queue f", b"maxqueue"]
)
async def test_the_wrong_words_are_refused_and_the_command_named_as_it_was_spelled(one: Running, line: bytes) -> None:
    expected = b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+%b\r\n"
    assert await (await one.peer()).ask_in_text(line) == expected % line.split()[0]
