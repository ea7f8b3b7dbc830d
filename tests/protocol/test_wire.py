"""Every packet, read whole, in pieces, cut short, and with something behind it."""

import pytest

from protocol import CLOSED, NEED_DATA, AllYours, Connection, ErrorCode, PacketType, Role, TextLine
from tests.protocol.listening import Fault, byte_by_byte, hear, listen, the_fault
from tests.protocol.wire_table import WIRE, Line

each_line = pytest.mark.parametrize("line", WIRE.values(), ids=WIRE.keys())


def test_the_table_has_every_packet_type_in_each_of_its_directions() -> None:
    requests = {line.wire[7] for line in WIRE.values() if line.listener is Role.BROKER}
    responses = {line.wire[7] for line in WIRE.values() if line.listener is Role.PEER}
    both_ways = {12, 13, 14, 25, 28, 29}
    only_responses = {6, 8, 10, 11, 17, 19, 20, 27, 31, 40, 42}
    assert responses == only_responses | both_ways
    assert requests == set(PacketType) - only_responses - {PacketType.ALL_YOURS}


@each_line
def test_a_record_is_written_as_its_bytes(line: Line) -> None:
    assert Connection(line.speaker).send(line.packet) == line.wire


@each_line
def test_the_bytes_are_read_as_the_record(line: Line) -> None:
    assert hear(line.listener, [line.wire]) == [line.packet, CLOSED]


@each_line
def test_the_bytes_are_read_one_at_a_time(line: Line) -> None:
    assert hear(line.listener, byte_by_byte(line.wire)) == [line.packet, CLOSED]


@each_line
def test_a_packet_cut_short_anywhere_waits_and_a_hang_up_there_is_their_fault(line: Line) -> None:
    for cut in range(1, len(line.wire)):
        connection = Connection(line.listener)
        connection.receive_data(line.wire[:cut])
        assert listen(connection) == [NEED_DATA]
        assert connection.pending == cut
        connection.receive_data(b"")
        fault = the_fault(listen(connection))
        assert (fault.code, fault.fatal) == (ErrorCode.INCOMPLETE_PACKET, True)


@each_line
def test_what_stands_behind_a_packet_does_not_touch_it(line: Line) -> None:
    for behind in WIRE.values():
        if behind.listener is line.listener:
            assert hear(line.listener, [line.wire + behind.wire]) == [line.packet, behind.packet, CLOSED]


@each_line
def test_half_a_packet_behind_a_packet_waits(line: Line) -> None:
    connection = Connection(line.listener)
    connection.receive_data(line.wire + line.wire[:-1])
    assert listen(connection) == [line.packet, NEED_DATA]
    assert connection.pending == len(line.wire) - 1
    connection.receive_data(line.wire[-1:] + line.wire)
    assert listen(connection) == [line.packet, line.packet, NEED_DATA]
    assert connection.pending == 0


def test_text_lines_stand_between_packets_in_any_chunking() -> None:
    lines = [line for line in WIRE.values() if line.listener is Role.BROKER]
    stream = b"".join(line.wire + b"status\r\n" for line in lines)
    expected = [one for line in lines for one in (line.packet, TextLine(b"status"))]
    for size in (1, 7, 12, 13, 64, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert hear(Role.BROKER, pieces) == [*expected, CLOSED]


def test_a_packet_of_bytearray_gives_bytes() -> None:
    line = WIRE["a job to a broker"]
    connection = Connection(Role.BROKER)
    connection.receive_data(bytearray(line.wire))
    packet = connection.next_event()
    assert packet == line.packet
    hash(packet)  # which a bytearray inside would refuse


@pytest.mark.parametrize("number", [3, 4, 9, 30, 39])
def test_bytes_behind_a_request_without_arguments_are_read_and_ignored(number: int) -> None:
    header = b"\0REQ" + number.to_bytes(4, "big")
    for surplus in (b"x", b"\0" * 9, b"y" * 20_000):
        data = header + len(surplus).to_bytes(4, "big") + surplus
        [bare, _closed] = hear(Role.BROKER, [header + bytes(4)])
        assert hear(Role.BROKER, [data]) == hear(Role.BROKER, byte_by_byte(data)) == [bare, CLOSED]


def test_all_yours_may_be_said_and_is_answered_as_unexpected() -> None:
    wire = Connection(Role.PEER).send(AllYours())
    assert wire == bytes.fromhex("00524551 00000018 00000000")
    refusal = Fault(ErrorCode.INVALID_COMMAND, b"Command not expected", False)
    assert hear(Role.BROKER, [wire]) == [refusal, CLOSED]
