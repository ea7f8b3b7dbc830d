"""Text commands: what is asked by people and monitors."""

import pytest

from broker.version import VERSION
from protocol import EchoReq, EchoRes, Role
from protocol.connection import Connection
from tests.broker.running import OpenRunning, Running


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
    heard = b""
    echo = Connection(Role.BROKER).send(EchoRes(b"x"))
    expected = echo + b"OK %b\n" % VERSION.encode() + echo
    while len(heard) < len(expected):
        heard += bytes(await peer.stream.receive_some())
    assert heard == expected


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


async def test_a_command_before_a_half_close_is_answered(one: Running) -> None:
    for command in (b"version\n", b"status\n", b"workers\n"):
        peer = await one.peer()
        await peer.say_bytes(command)
        await peer.stream.send_eof()  # type: ignore[attr-defined]
        assert await peer.hear_text()
        assert await peer.is_hung_up_on() == []
