"""Peers that send what no Gearman peer may send: refused, told why, cut off, and nobody else notices."""

import logging
import os
import time
from functools import partial

import pytest
import trio

from broker.session import Session
from protocol import (
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GrabJob,
    NoJob,
)
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running

REQ = b"\0REQ"

FATAL: dict[str, tuple[bytes, bytes]] = {
    # what is wrong                     what is sent                                       the code of the ERROR
    "a wrong magic": (b"\0XYZ\0\0\0\x10\0\0\0\0", ErrorCode.INVALID_MAGIC),
    "type 0": (REQ + b"\0\0\0\0\0\0\0\0", ErrorCode.INVALID_COMMAND),
    "type 43": (REQ + b"\0\0\0\x2b\0\0\0\0", ErrorCode.INVALID_COMMAND),
    "the largest type": (REQ + b"\xff\xff\xff\xff\0\0\0\0", ErrorCode.INVALID_COMMAND),
    "a submit without a unique": (REQ + b"\0\0\0\x07\0\0\0\x04resi", ErrorCode.INVALID_ARGUMENTS),
    "a time limit without a time": (REQ + b"\0\0\0\x17\0\0\0\x01f", ErrorCode.INVALID_ARGUMENTS),
    "a submit of nothing": (REQ + b"\0\0\0\x07\0\0\0\0", ErrorCode.INVALID_ARGUMENTS),
    "a body larger than any": (REQ + b"\0\0\0\x10\xff\xff\xff\xff", ErrorCode.ARGUMENT_TOO_LARGE),
    "a name over 8192 bytes": (REQ + b"\0\0\0\x01\0\0\x20\x01" + b"x" * 8193, ErrorCode.ARGUMENT_TOO_LARGE),
}
FATAL_LINES: dict[str, tuple[bytes, bytes]] = {
    # what is wrong                     what is sent            how the reply begins
    "a line over 8191 bytes": (b"v" * 8192, b"ERR ARGUMENT_TOO_LARGE "),
    "a command of six words": (b"a b c d e f\n", b"ERR INVALID_ARGUMENTS "),
}
HARMLESS: dict[str, tuple[bytes, bytes]] = {
    "the magic of a response": (b"\0RES\0\0\0\x10\0\0\0\x01x", ErrorCode.INVALID_MAGIC),
    "the unused type 5": (REQ + b"\0\0\0\x05\0\0\0\0", ErrorCode.INVALID_COMMAND),
    "ALL_YOURS": (REQ + b"\0\0\0\x18\0\0\0\0", ErrorCode.INVALID_COMMAND),
    "a response in a request": (REQ + b"\0\0\0\x08\0\0\0\x01x", ErrorCode.INVALID_COMMAND),
    "a unique of 65 bytes": (
        REQ + b"\0\0\0\x07\0\0\0\x44f\0" + b"u" * 65 + b"\0",
        ErrorCode.ARGUMENT_TOO_LARGE,
    ),
}


async def is_served(peer: Peer) -> bool:
    """Whether this connection lives."""
    return await peer.ask(EchoReq(b"there?")) == EchoRes(b"there?")


def warnings_of_sessions(caplog: pytest.LogCaptureFixture) -> int:
    """How often a connection was complained of."""
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    return sum(record.name == "broker.session" for record in said)


@pytest.mark.parametrize("fault", FATAL)
async def test_a_fault_gets_an_error_and_ends_its_own_connection_alone(
    one: Running, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    said, code = FATAL[fault]
    bystander, peer = await one.sleeper(b"f"), await one.peer()
    await peer.say_bytes(said)
    (error,) = await peer.is_hung_up_on()
    assert isinstance(error, Error)
    assert error.code == code
    assert await is_served(bystander)
    assert warnings_of_sessions(caplog) == 1


@pytest.mark.parametrize("fault", FATAL_LINES)
async def test_a_fault_in_a_line_is_answered_by_a_line(
    one: Running, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    said, beginning = FATAL_LINES[fault]
    bystander, peer = await one.sleeper(b"f"), await one.peer()
    await peer.say_bytes(said)
    reply = await peer.bytes_to_the_end()
    assert reply.startswith(beginning)
    assert reply.endswith(b"\r\n")
    assert await is_served(bystander)
    assert warnings_of_sessions(caplog) == 1


@pytest.mark.parametrize("fault", FATAL)
async def test_what_was_asked_before_the_fault_is_answered(one: Running, fault: str) -> None:
    peer = await one.peer()
    submit = b"\0\0\0\x12\0\0\0\x03f\0\0"
    await peer.say_bytes(REQ + submit + FATAL[fault][0])
    created, error = await peer.is_hung_up_on()
    assert type(created).__name__ == "JobCreated"
    assert isinstance(error, Error)


async def test_a_fault_behind_a_grab_ends_the_connection_too(one: Running) -> None:
    worker = await one.worker(b"f")
    await worker.say_bytes(REQ + b"\0\0\0\x09\0\0\0\0" + FATAL["type 0"][0])
    nothing, error = await worker.is_hung_up_on()
    assert nothing == NoJob()
    assert isinstance(error, Error)


@pytest.mark.parametrize("fault", HARMLESS)
async def test_what_is_merely_out_of_place_gets_an_error_and_no_more(one: Running, fault: str) -> None:
    said, code = HARMLESS[fault]
    peer = await one.peer()
    await peer.say_bytes(said)
    error = await peer.expect(Error)
    assert error.code == code
    assert await is_served(peer)


async def test_the_size_of_a_packet_is_refused_from_its_header(open_one: OpenRunning) -> None:
    async with open_one(max_packet=1024) as one:
        peer = await one.peer()
        assert await peer.ask(EchoReq(b"x" * 1024)) == EchoRes(b"x" * 1024)
        await peer.say_bytes(REQ + b"\0\0\0\x10" + (1025).to_bytes(4, "big"))
        (error,) = await peer.is_hung_up_on()
        assert isinstance(error, Error)
        assert error.code == ErrorCode.ARGUMENT_TOO_LARGE


async def test_who_sends_all_of_a_large_packet_hears_why_it_is_refused(open_one: OpenRunning) -> None:
    async with open_one(max_packet=1024) as one:
        peer = await one.peer()
        await peer.say_bytes(REQ + b"\0\0\0\x10" + (3_000_000).to_bytes(4, "big") + b"x" * 3_000_000)
        (error,) = await peer.is_hung_up_on()
        assert isinstance(error, Error)


BEGINNINGS = {
    "three bytes of a header": REQ[:3],
    "a header": REQ + b"\0\0\0\x10\0\0\0\x09",
    "some of a body": REQ + b"\0\0\0\x10\0\0\0\x09some",
    "some of a large body": REQ + b"\0\0\0\x10\0\x10\0\0some",
    "some of a line": b"stat",
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
async def test_a_packet_that_is_begun_and_not_ended_ends_the_connection(open_one: OpenRunning, beginning: str) -> None:
    async with open_one(packet_timeout=0.1) as one:
        bystander, peer = await one.peer(), await one.peer()
        await peer.say_bytes(BEGINNINGS[beginning])
        assert await peer.is_hung_up_on() == []
        assert await is_served(bystander)


async def test_sending_a_byte_now_and_then_does_not_help(open_one: OpenRunning) -> None:
    # The pause is what is tested: it makes at most 1,000 bytes a second, far below the slowest rate that is let pass.
    async with open_one(packet_timeout=0.2) as one:
        peer = await one.peer()
        await peer.say_bytes(REQ + b"\0\0\0\x10\0\x10\0\0")
        await peer.repeat_until_cut_off(b"x", between=partial(trio.sleep, 0.001))
        assert not one.broker.sessions


async def test_a_packet_in_two_pieces_is_one(open_one: OpenRunning) -> None:
    async with open_one(packet_timeout=5) as one:
        peer = await one.peer()
        for byte in REQ + b"\0\0\0\x10\0\0\0\x02hi":
            await peer.say_bytes(bytes([byte]))
        assert await peer.hear() == EchoRes(b"hi")


async def test_the_rest_of_a_packet_that_came_while_the_broker_stood_still_came_in_time(open_one: OpenRunning) -> None:
    async with open_one(packet_timeout=1.0) as one:
        bystander, peer = await one.peer(), await one.peer()
        await peer.say_bytes(REQ + b"\0\0\0\x10\0\0\0\x02h")
        assert await is_served(bystander)
        assert isinstance(peer.stream, trio.SocketStream)
        os.write(peer.stream.socket.fileno(), b"i")
        time.sleep(2.2)  # noqa: ASYNC251 - stops this process, the broker in it, for longer than a packet may take
        assert await peer.hear() == EchoRes(b"hi")
        assert await is_served(peer)


async def test_who_says_nothing_may_stay(open_one: OpenRunning) -> None:
    async with open_one(packet_timeout=0.05) as one:
        silent, noisy = await one.peer(), await one.peer()
        await noisy.say_bytes(b"half a line")
        await noisy.is_hung_up_on()
        assert await is_served(silent)


def broken(session: Session, packet: object) -> None:
    """A handler with a defect."""
    raise ZeroDivisionError("the defect")


async def test_a_defect_of_ours_ends_one_connection_and_no_other(
    one: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bystander, peer, worker = await one.peer(), await one.peer(), await one.worker(b"f")
    handlers = one.broker.handlers
    assert isinstance(handlers, dict)
    with monkeypatch.context() as changed:
        changed.setitem(handlers, EchoReq, broken)
        await peer.say(EchoReq(b""))
        assert await peer.is_hung_up_on() == []
        # This one is handled when the store has answered, in the middle of what concerns everybody.
        await worker.say(GrabJob(), EchoReq(b""))
        await worker.is_hung_up_on()
    assert await is_served(bystander)
    assert await bystander.submit_background(b"f")
    assert sum("defect" in line.getMessage() for line in caplog.records) >= 2


async def test_a_worker_that_breaks_the_rules_loses_its_jobs_to_another(one: Running) -> None:
    client, worker, other = await one.peer(), await one.worker(b"f"), await one.worker(b"f")
    handle = await client.submit(b"f", b"x")
    await worker.grab()
    await worker.say_bytes(FATAL["type 0"][0])
    assert (await other.take()).handle == handle
