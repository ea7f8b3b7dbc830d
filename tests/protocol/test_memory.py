"""What a peer can make us hold: what it sent, not what it announced; and once, not many times."""

import tracemalloc
from collections.abc import Callable

import pytest

from protocol import CLOSED, NEED_DATA, Connection, EchoReq, GrabJob, JobAssign, RemoteProtocolError, Role, TextLine
from tests.protocol.listening import listen

MEGABYTE = 1 << 20


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_body_that_is_only_announced_takes_no_room() -> None:
    connection = Connection(Role.BROKER)
    announced = b"\0REQ\0\0\0\x10" + (64 * MEGABYTE).to_bytes(4, "big") + b"x"

    def announce() -> None:
        connection.receive_data(announced)
        assert listen(connection) == [NEED_DATA]

    assert peak_of(announce) < 100_000
    assert connection.pending == len(announced)


def test_a_long_body_in_pieces_is_held_about_twice() -> None:
    wire = Connection(Role.PEER).send(EchoReq(bytes(10 * MEGABYTE)))
    pieces = [wire[at : at + 65_536] for at in range(0, len(wire), 65_536)]
    connection = Connection(Role.BROKER)

    def arrive() -> None:
        for piece in pieces[:-1]:
            connection.receive_data(piece)
            assert connection.next_event() is NEED_DATA
        connection.receive_data(pieces[-1])
        assert listen(connection) == [EchoReq(bytes(10 * MEGABYTE)), NEED_DATA]

    # Once as it comes in (the pieces are those above), once as payload, once in the comparison above.
    assert peak_of(arrive) < 25 * MEGABYTE
    assert connection.pending == 0


def test_who_reads_is_told_how_much_of_a_long_packet_is_missing() -> None:
    wire = Connection(Role.PEER).send(EchoReq(bytes(MEGABYTE)))
    connection = Connection(Role.BROKER)
    told, heard = [], list[object]()
    for start, end in ((0, 5), (5, 100), (100, 70_000), (70_000, len(wire))):
        connection.receive_data(wire[start:end])
        heard = [*listen(connection)]
        told.append(connection.missing)
    assert told == [0, len(wire) - 100, len(wire) - 70_000, 0]
    assert heard == [EchoReq(bytes(MEGABYTE)), NEED_DATA]


def test_a_buffer_that_is_used_again_does_not_change_what_it_brought() -> None:
    wire = Connection(Role.PEER).send(EchoReq(b"x" * MEGABYTE))
    connection = Connection(Role.BROKER)
    buffer, heard = bytearray(65_536), list[object]()
    for at in range(0, len(wire), len(buffer)):
        piece = wire[at : at + len(buffer)]
        buffer[: len(piece)] = piece
        connection.receive_data(buffer if len(piece) == len(buffer) else piece)
        heard = [*listen(connection)]
        buffer[:] = bytes(len(buffer))
    assert heard == [EchoReq(b"x" * MEGABYTE), NEED_DATA]


def test_a_packet_in_pieces_copies_no_payload() -> None:
    payload = bytes(10 * MEGABYTE)
    connection = Connection(Role.BROKER)
    assert peak_of(lambda: connection.send_in_pieces(JobAssign(b"H:lap:1", b"f", payload))) < 10_000
    assert connection.send_in_pieces(JobAssign(b"H:lap:1", b"f", payload))[1] is payload


@pytest.mark.parametrize(
    "wire",
    [
        Connection(Role.PEER).send(GrabJob()) * 5_000,
        b"version\n" * 7_500,
        Connection(Role.PEER).send(EchoReq(bytes(60_000))),
    ],
    ids=["packets", "lines", "a long packet"],
)
def test_an_idle_connection_lets_go_of_what_it_read(wire: bytes) -> None:
    connections = [Connection(Role.BROKER) for _ in range(20)]
    tracemalloc.start()
    try:
        for connection in connections:
            connection.receive_data(bytearray(wire))
            listen(connection)
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()


def has_more(connection: Connection) -> bool:
    """Asked anew each time, as mypy does not see that it changes."""
    return connection.has_more


def test_a_connection_says_whether_it_has_more_to_say() -> None:
    connection = Connection(Role.BROKER)
    assert not has_more(connection)
    connection.receive_data(Connection(Role.PEER).send(GrabJob()) * 2 + b"vers")
    for event in (GrabJob(), GrabJob()):
        assert has_more(connection)
        assert connection.next_event() == event
    assert connection.next_event() is NEED_DATA
    connection.receive_data(b"ion\n")
    assert has_more(connection)
    assert connection.next_event() == TextLine(b"version")
    assert connection.next_event() is NEED_DATA
    assert not has_more(connection)
    connection.receive_data(Connection(Role.PEER).send(GrabJob()))
    assert connection.next_event() == GrabJob()
    assert not has_more(connection)
    connection.receive_data(b"")
    assert has_more(connection)
    assert connection.next_event() is CLOSED


def test_a_connection_has_more_to_say_of_a_fault_that_came_last() -> None:
    connection = Connection(Role.BROKER)
    connection.receive_data(b"\0REQ\0\0\0\x07\0\0\0\1f")  # a submit with too few arguments
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            connection.next_event()
        assert has_more(connection)
