"""What a peer can make us hold: what it sent, not what it announced; and once, not many times."""

import tracemalloc
from collections.abc import Callable

from protocol import NEED_DATA, Connection, EchoReq, GrabJob, Role
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

    # Once as it comes in (a bytearray grows with some slack), once as payload, once in the comparison above.
    assert peak_of(arrive) < 35 * MEGABYTE
    assert connection.pending == 0


def test_an_idle_connection_lets_go_of_what_it_read() -> None:
    connections = [Connection(Role.BROKER) for _ in range(20)]
    wire = Connection(Role.PEER).send(GrabJob()) * 5_000  # 60 kB
    tracemalloc.start()
    try:
        for connection in connections:
            connection.receive_data(bytearray(wire))
            listen(connection)
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()
