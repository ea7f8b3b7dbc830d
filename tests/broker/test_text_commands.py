"""Text commands: what is asked by people and monitors."""

import os
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from broker.text.commands import COMMANDS
from broker.version import VERSION
from protocol import EchoReq, EchoRes, Role
from protocol.connection import Connection
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running, open_running
from tests.servers import MakeServer

NEED_THE_STORE = (b"status", b"prioritystatus", b"show", b"create", b"drop", b"maxqueue", b"cancel", b"revive")


async def test_the_version_is_told_with_a_line_feed_alone(one: Running) -> None:
    assert await (await one.peer()).ask_in_text(b"version") == b"OK %b\n" % VERSION.encode()


@pytest.mark.parametrize("line", [b"VERSION", b"version  ", b"version a b c d"])
async def test_case_and_surplus_words_do_not_matter(one: Running, line: bytes) -> None:
    assert (await (await one.peer()).ask_in_text(line)).startswith(b"OK ")


@pytest.mark.parametrize(
    ("line", "word"), [(b"gladiator", b"gladiator"), (b"", b""), (b" version", b""), (b"ver\tsion", b"ver\tsion")]
)
async def test_what_is_no_command_is_an_error_with_the_word_glued_on(one: Running, line: bytes, word: bytes) -> None:
    expected = b"ERR UNKNOWN_COMMAND Unknown+server+command%b\r\n" % word
    assert await (await one.peer()).ask_in_text(line) == expected


async def test_lines_and_packets_may_alternate_in_one_write(one: Running) -> None:
    peer = await one.peer()
    said = Connection(Role.PEER).send(EchoReq(b"x"))
    await peer.say_bytes(said + b"version\r\n" + said)
    echo = Connection(Role.BROKER).send(EchoRes(b"x"))
    expected = echo + b"OK %b\n" % VERSION.encode() + echo
    assert await peer.hear_bytes(lambda heard: len(heard) >= len(expected)) == expected


async def test_status_counts_all_that_is_queued_and_running_and_all_workers(open_one: OpenRunning) -> None:
    async with open_one() as one:
        client, worker, _ = await one.peer(), await one.worker(b"f"), await one.worker(b"f", b"g")
        for _ in range(3):
            await client.submit_background(b"f", b"x")
        await worker.grab()
        assert await client.ask_in_text(b"status") == b"f\t3\t1\t2\ng\t0\t0\t1\n.\n"


async def test_a_function_that_a_worker_says_it_can_do_twice_counts_once(one: Running) -> None:
    worker = await one.worker(b"f", b"f")
    assert await worker.ask_in_text(b"status") == b"f\t0\t0\t1\n.\n"
    assert b" : f\n" in await worker.ask_in_text(b"workers")


async def test_workers_lists_every_connection_with_its_functions_newest_first(one: Running) -> None:
    asker, _ = await one.peer(), await one.sleeper(b"f", b"g")
    lines = (await asker.ask_in_text(b"workers")).splitlines()
    numbers = [session.transport.number for session in one.broker.sessions]
    assert lines == [b"%d 127.0.0.1 - :" % numbers[0], b"%d 127.0.0.1 - : g f" % numbers[1], b"."]


COMMANDS_IN_WORDS = (
    b"version",
    b"getpid",
    b"verbose",
    b"status",
    b"prioritystatus",
    b"workers",
    b"show jobs",
    b"show unique jobs",
    b"show dead",
    b"create function f",
    b"maxqueue f 1",
    b"drop function f",
    b"cancel job H:1",
    b"revive job H:1",
    b"ready",
    b"gladiator",
)


async def test_a_command_before_a_half_close_is_answered(one: Running) -> None:
    for command in COMMANDS_IN_WORDS:
        peer = await one.peer()
        await peer.say_bytes(command + b"\n")
        await peer.say_no_more()
        assert await peer.hear_text()
        assert await peer.is_hung_up_on() == []


async def test_the_process_and_its_log_level_are_told(open_one: OpenRunning) -> None:
    async with open_one(verbose="INFO") as one:
        peer = await one.peer()
        assert await peer.ask_in_text(b"getpid") == b"OK %d\n" % os.getpid()
        assert await peer.ask_in_text(b"verbose") == b"OK INFO\n"


def test_every_command_is_in_the_table_under_its_own_word() -> None:
    assert {line.split()[0] for line in COMMANDS_IN_WORDS} | {b"shutdown"} == {*COMMANDS, b"gladiator"}


TOO_MUCH = {
    "a sixth word": (b"maxqueue f 1 2 3 4\r\n", b"ERR INVALID_ARGUMENTS Text+command+has+more+than+5+words\r\n"),
    "a long line": (b"x" * 8200, b"ERR ARGUMENT_TOO_LARGE Text+line+is+longer+than+8191+bytes\r\n"),
}


@pytest.mark.parametrize(("said", "heard"), TOO_MUCH.values(), ids=TOO_MUCH)
async def test_a_fault_in_a_line_is_answered_by_a_line_and_ends_the_connection(
    one: Running, said: bytes, heard: bytes
) -> None:
    peer = await one.peer()
    await peer.say_bytes(b"version\r\n" + said)
    assert await all_of(peer) == b"OK %b\n" % VERSION.encode() + heard


async def test_half_a_line_before_a_half_close_is_answered_by_a_line(one: Running) -> None:
    peer = await one.peer()
    await peer.say_bytes(b"show jo")
    await peer.say_no_more()
    assert await all_of(peer) == b"ERR INCOMPLETE_PACKET Connection+ended+within+a+packet+or+a+line\r\n"


async def hear_lines(peer: Peer, count: int) -> bytes:
    """So many lines, in however many pieces."""
    heard = b""
    with trio.fail_after(PATIENCE_SECONDS):
        while heard.count(b"\n") < count:
            heard += bytes(await peer.stream.receive_some())
    return heard


async def all_of(peer: Peer) -> bytes:
    """What is heard until the broker hangs up."""
    heard = b""
    with trio.fail_after(PATIENCE_SECONDS):
        while piece := bytes(await peer.stream.receive_some()):
            heard += piece
    return heard


@pytest.mark.parametrize("line", [line for line in COMMANDS_IN_WORDS if line.split()[0] in NEED_THE_STORE])
async def test_while_redis_stands_still_the_store_is_said_to_be_away_and_the_next_line_is_read(
    make_server: MakeServer, tmp_path: Path, line: bytes
) -> None:
    server = make_server()
    server.start()
    settings = Settings(port=0, redis=server.unix_url, data_dir=tmp_path, store_timeout=0.2)
    async with open_running(settings) as one:
        peer = await one.peer()
        handle = await peer.submit_background(b"g", b"x")
        server.pause()
        try:
            await peer.say_bytes(line.replace(b"H:1", handle) + b"\r\nversion\r\n")
            refused, told = (await hear_lines(peer, 2)).splitlines()
            assert refused.startswith(b"ERR STORE_UNAVAILABLE ")
            assert told == b"OK " + VERSION.encode()
        finally:
            server.resume()
