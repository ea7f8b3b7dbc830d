"""The parts of a pipe that touch no socket, or only one in memory; time is a test's own."""

import socket
from functools import partial

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from persistence.backoff import Backoff
from persistence.connection import SLICE_BYTES, Connection
from persistence.deadlines import Deadlines, Ticks
from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError, StoreVersionError
from persistence.exchange import Exchange
from persistence.options import RedisOptions
from persistence.outbox import Outbox
from persistence.pipe_statistics import Counters
from persistence.plain_stream import PlainStream, queued
from persistence.posted import Posted
from persistence.reconnecting import Patience
from persistence.remedies import remedy
from persistence.replies import Reply, expect_bytes, expect_int, expect_list


def test_delays_double_from_their_floor_to_their_ceiling() -> None:
    backoff = Backoff(draw=lambda: 1.0)
    assert [backoff.next_seconds() for _ in range(8)] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    backoff.reset()
    assert backoff.next_seconds() == 0.05


def test_delays_are_drawn_from_their_upper_half() -> None:
    assert Backoff(draw=lambda: 0.0).next_seconds() == 0.025


STREAM: tuple[tuple[bytes, Reply], ...] = (
    (b"+OK\r\n", b"OK"),
    (b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n", [b"message", b"c", b"x"]),
    (b"_\r\n", None),
    (b"$-1\r\n", None),
    (b"#f\r\n", False),
    (b"*2\r\n:1\r\n$3\r\na\r\n\r\n", [1, b"a\r\n"]),
    (b"%1\r\n$1\r\na\r\n:1\r\n", {b"a": 1}),
    (b",1.5\r\n", 1.5),
)


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_replies_and_pushes_keep_their_order_however_the_stream_is_cut(size: int) -> None:
    heard: list[Reply] = []
    exchange = Exchange(heard.append, Counters())
    exchange.sent([Posted(("PING",), heard.append) for wire, _ in STREAM if not wire.startswith(b">")])
    stream = b"".join(wire for wire, _ in STREAM)
    for start in range(0, len(stream), size):
        assert exchange.received(stream[start : start + size]) is None
    assert heard == [reply for _, reply in STREAM]
    assert not exchange.in_flight


ENDS = {
    "no RESP": (b"?\r\n", "does not speak RESP"),
    "an answer to nothing": (b"+OK\r\n+OK\r\n", "said unasked"),
}


@pytest.mark.parametrize("what", ENDS)
def test_a_stream_that_cannot_be_understood_ends(what: str) -> None:
    said, reason = ENDS[what]
    exchange = Exchange(lambda push: None, Counters())
    exchange.sent([Posted(("PING",), lambda reply: None)])
    assert reason in (exchange.received(said) or "")


def test_a_write_is_unanswered_until_its_last_command_is_answered() -> None:
    exchange = Exchange(lambda push: None, Counters())
    seen = [exchange.unanswered_writes]
    for commands in (2, 1, 1):
        exchange.sent([Posted(("PING",), lambda reply: None) for _ in range(commands)])
        seen.append(exchange.unanswered_writes)
    for _ in range(4):
        exchange.received(b"+PONG\r\n")
        seen.append(exchange.unanswered_writes)
    assert seen == [0, 1, 2, 3, 3, 2, 1, 0]


def test_a_plain_reply_where_a_subscription_is_due_ends_the_stream() -> None:
    exchange = Exchange(lambda push: None, Counters())
    exchange.sent([Posted(("SUBSCRIBE", "channel"), lambda reply: None)])
    assert exchange.received(b"+OK\r\n") == "its answers are out of step"


def test_only_commands_that_may_be_repeated_are_kept_and_in_their_order() -> None:
    outbox = Outbox(1_000)
    told: list[str] = []

    def post(name: str, again: bool) -> Posted:
        return Posted(("ECHO", name), lambda reply: told.append(name), (lambda: ("ECHO", name)) if again else None)

    in_flight = [post("1", True), post("2", False), post("3", True)]
    for name, again in (("4", False), ("5", True)):
        assert outbox.put(post(name, again))
    for posted in outbox.keep(in_flight):
        posted.give_up("broken")
    assert told == ["2", "4"]
    pieces, _ = outbox.take(1_000)
    assert pieces == [b"*2\r\n$4\r\nECHO\r\n$1\r\n%d\r\n" % number for number in (1, 3, 5)]
    assert outbox.unsent_bytes == 0


def test_only_the_late_are_overdue_and_the_earliest_of_the_others_is_remembered() -> None:
    deadlines = Deadlines()
    commands = [Posted(("PING",), lambda reply: None, None, deadline) for deadline in (5.0, None, 1.0, 3.0)]
    deadlines.earliest = 1.0
    assert deadlines.overdue(0.9, commands) == []
    assert deadlines.overdue(1.0, commands) == [commands[2]]
    commands[2].give_up("late")
    assert deadlines.earliest == 3.0
    assert deadlines.overdue(6.0, commands) == [commands[0], commands[3]]


async def test_a_clock_that_stood_still_leaves_out_one_tick(mock_clock: MockClock) -> None:
    ticks = Ticks()
    ticked = 0

    async def tick() -> None:
        nonlocal ticked
        while True:
            await ticks.next(0.0)
            ticked += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        for jump, expected in ((0.11, 1), (0.11, 2), (20.0, 2), (0.11, 3), (0.11, 4)):
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(jump)
            await trio.testing.wait_all_tasks_blocked()
            assert ticked == expected
        nursery.cancel_scope.cancel()


async def test_a_clock_ticks_when_the_first_deadline_is_there_and_not_before(mock_clock: MockClock) -> None:
    deadlines = Deadlines()
    deadlines.expect(10.0)
    ticked: list[float] = []

    async def tick() -> None:
        while True:
            ticked.append(await deadlines.tick())
            deadlines.earliest = 20.0

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        for until, expects in ((9.9, None), (10.0, None), (12.0, 15.0), (14.9, None), (15.0, None), (20.0, None)):
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(until - trio.current_time())
            await trio.testing.wait_all_tasks_blocked()
            if expects is not None:
                deadlines.expect(expects)
        nursery.cancel_scope.cancel()
    assert ticked == [10.0, 15.0, 20.0]


async def test_a_slow_line_is_not_a_silent_server(mock_clock: MockClock) -> None:
    here, there = memory_stream_pair()
    connection = Connection(here, Exchange(lambda push: None, Counters()), Counters())
    posted = Posted(("SET", "key", b"x" * 3 * SLICE_BYTES), lambda reply: None)
    async with trio.open_nursery() as nursery:
        here.send_stream.send_all_hook = partial(trio.sleep, 4)
        pieces: list[bytes] = []
        posted.leave(pieces)
        nursery.start_soon(connection.send, pieces, [posted])
        for _ in range(3):
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(4)
            await trio.testing.wait_all_tasks_blocked()
            connection.check_silence(5.0, trio.current_time())
            assert connection.error is None
        mock_clock.jump(5.1)
        connection.check_silence(5.0, trio.current_time())
        assert str(connection.error) == "the connection to Redis broke: no answer for 5 s"
        nursery.cancel_scope.cancel()
    await there.aclose()


async def test_a_line_that_still_passes_what_was_written_is_not_silent() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    with listener, far:
        stream = PlainStream(near)
        connection = Connection(stream, Exchange(lambda push: None, Counters()), Counters())
        posted = Posted(("SET", "key", b"x" * 2 * SLICE_BYTES), lambda reply: None)
        pieces: list[bytes] = []
        posted.leave(pieces)
        connection.send_now(pieces, [posted])

        def is_lost() -> bool:
            connection.check_silence(5.0, connection.heard_at + 6)
            return connection.error is not None

        left = queued(stream)
        assert left > 0  # the system took more than the other side has room for
        while queued(stream) >= left:
            far.recv(65_536)
        assert not is_lost()
        while not is_lost():
            pass  # what is on its way arrives, and then nothing does
        assert str(connection.error) == "the connection to Redis broke: no answer for 5 s"
        await stream.aclose()


AT_FIRST = {
    "a wrong password": (StoreRefusedError("WRONGPASS", "no"), StoreRefusedError),
    "no permission": (StoreRefusedError("NOPERM", "no"), StoreRefusedError),
    "an old server": (StoreVersionError("old"), StoreVersionError),
    "a server that is away": (StoreUnavailableError("away"), None),
    "a server that loads": (StoreRefusedError("LOADING", "Redis is loading"), None),
    "a replica": (StoreRefusedError("READONLY", "no"), None),
    "a full server": (StoreRefusedError("OOM", "no"), None),
}


@pytest.mark.parametrize("what", AT_FIRST)
async def test_what_waiting_cannot_heal_ends_the_first_connection_at_once(what: str, mock_clock: MockClock) -> None:
    error, raised = AT_FIRST[what]
    patience = Patience("test", RedisOptions())
    patience.begin()
    verdict = patience.verdict(error)
    assert verdict is (error if raised else None)


@pytest.mark.parametrize("what", AT_FIRST)
async def test_once_connected_nothing_is_final(what: str, mock_clock: MockClock) -> None:
    error, _ = AT_FIRST[what]
    patience = Patience("test", RedisOptions())
    patience.begin()
    patience.connected()
    mock_clock.jump(1_000)
    assert patience.verdict(error) is None


async def test_the_first_connection_is_tried_for_the_connect_timeout(mock_clock: MockClock) -> None:
    patience = Patience("test", RedisOptions(connect_timeout_seconds=5.0))
    assert patience.begin() == 5.0
    mock_clock.jump(4)
    assert patience.verdict(StoreUnavailableError("away")) is None
    assert patience.begin() == 5.0
    mock_clock.jump(0.99)
    verdict = patience.verdict(StoreRefusedError("BUSY", "running a script"))
    assert isinstance(verdict, StoreUnavailableError)
    assert str(verdict) == "cannot use Redis at 127.0.0.1:6379: BUSY running a script"
    assert remedy(verdict) == remedy(StoreRefusedError("BUSY", ""))


async def test_an_attempt_cut_short_by_the_end_does_not_hide_the_reason(mock_clock: MockClock) -> None:
    patience = Patience("test", RedisOptions(connect_timeout_seconds=5.0))
    patience.begin()
    mock_clock.jump(4)
    reason = "cannot connect to Redis at 127.0.0.1:6379: certificate verify failed"
    assert patience.verdict(StoreUnavailableError(reason)) is None
    patience.begin()
    mock_clock.jump(1)
    assert str(patience.verdict(StoreUnavailableError("it does not answer"))) == reason


async def test_a_connection_that_breaks_is_told_with_its_place_and_what_else_may_be_there(
    mock_clock: MockClock,
) -> None:
    patience = Patience("test", RedisOptions(connect_timeout_seconds=5.0))
    patience.begin()
    mock_clock.jump(5)
    verdict = patience.verdict(StoreUnavailableError("the connection to Redis broke: reset"))
    assert str(verdict) == (
        "cannot use Redis at 127.0.0.1:6379: the connection to Redis broke: reset "
        "(does it speak TLS? then the URL begins with rediss://)"
    )


async def test_a_server_that_loads_its_data_is_waited_for_however_long(mock_clock: MockClock) -> None:
    patience = Patience("test", RedisOptions(connect_timeout_seconds=5.0))
    for _ in range(1_000):
        patience.begin()
        mock_clock.jump(4.9)
        assert patience.verdict(StoreRefusedError("LOADING", "Redis is loading")) is None
    patience.begin()
    mock_clock.jump(5)
    assert patience.verdict(StoreUnavailableError("away")) is not None


WRONG_REPLIES: dict[str, tuple[Reply, type[StoreError]]] = {
    "an error reply": (StoreRefusedError("OOM", "no"), StoreRefusedError),
    "no answer": (StoreUnavailableError("away"), StoreUnavailableError),
    "something else": ({}, StoreUnavailableError),
}


def test_expected_replies_are_passed_on() -> None:
    assert (expect_bytes(b"x"), expect_int(3), expect_list([1])) == (b"x", 3, [1])


@pytest.mark.parametrize("what", WRONG_REPLIES)
def test_other_replies_are_raised(what: str) -> None:
    reply, error = WRONG_REPLIES[what]
    for expect in (expect_bytes, expect_int, expect_list):
        with pytest.raises(error):
            expect(reply)
