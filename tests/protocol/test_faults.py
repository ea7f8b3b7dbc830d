"""What they may do wrong: what the wire survives, and what it does not."""

import pytest

from protocol import (
    CLOSED,
    NEED_DATA,
    CanDo,
    Connection,
    EchoReq,
    ErrorCode,
    JobAssign,
    LocalProtocolError,
    Packet,
    PacketType,
    RemoteProtocolError,
    Role,
    SubmitJob,
    WorkComplete,
    WorkData,
    WorkException,
    WorkWarning,
)
from tests.protocol.listening import Fault, byte_by_byte, hear, listen, the_fault

REQUEST, RESPONSE = b"\0REQ", b"\0RES"
HEALTHY = b"\0REQ\0\0\0\x10\0\0\0\x02hi"
RESPONSES = sorted({6, 8, 10, 11, 17, 19, 20, 27, 31, 40, 42})


def packet(magic: bytes, number: int, body: bytes = b"") -> bytes:
    return magic + number.to_bytes(4, "big") + len(body).to_bytes(4, "big") + body


NUMBER = Fault(ErrorCode.ARGUMENT_TOO_LARGE, b"Number does not fit 64 bits", False)
UNIQUE = Fault(ErrorCode.ARGUMENT_TOO_LARGE, b"Unique value too large", False)
MAGIC = Fault(ErrorCode.INVALID_MAGIC, b"Request magic expected", False)
COMMAND = Fault(ErrorCode.INVALID_COMMAND, b"Command not expected", False)

SURVIVED = {
    **{f"response magic on type {n}": (packet(RESPONSE, n, b"x"), MAGIC) for n in [5, *PacketType]},
    **{f"type {n}, which brokers say": (packet(REQUEST, n, b"a\0b"), COMMAND) for n in RESPONSES},
    "the reserved type 5": (packet(REQUEST, 5, b"x"), COMMAND),
    "ALL_YOURS": (packet(REQUEST, 24), COMMAND),
    "a unique of 65": (packet(REQUEST, 18, b"f\0" + b"u" * 65 + b"\0x"), UNIQUE),
    "a unique of 65 on a long job": (packet(REQUEST, 18, b"f\0" + b"u" * 65 + b"\0" + b"x" * 9000), UNIQUE),
    "a unique of 65 with a date": (packet(REQUEST, 36, b"f\0" + b"u" * 65 + b"\x000\0x"), UNIQUE),
    "a unique of 65 by the calendar": (packet(REQUEST, 35, b"f\0" + b"u" * 65 + b"\0\0\0\0\0\0x"), UNIQUE),
    "a reducer of 65": (packet(REQUEST, 37, b"f\0u\0" + b"r" * 65 + b"\0\0x"), UNIQUE),
    "a unique of 65 with a reducer": (packet(REQUEST, 38, b"f\0" + b"u" * 65 + b"\0r\0\0x"), UNIQUE),
    "a timeout of 2^63": (packet(REQUEST, 23, b"f\0" + b"%d" % 2**63), NUMBER),
    "a timeout of 5,000 digits": (packet(REQUEST, 23, b"f\0" + b"9" * 5000), NUMBER),
    "a date of 2^64": (packet(REQUEST, 36, b"f\0u\0" + b"%d" % 2**64 + b"\0x"), NUMBER),
}

FATAL = {
    "a wrong magic": (b"\0REX" + bytes(8), ErrorCode.INVALID_MAGIC),
    "a wrong magic that starts well": (b"\0RE" + b"Q" * 9, ErrorCode.INVALID_COMMAND),
    "twelve NULs": (bytes(12), ErrorCode.INVALID_MAGIC),
    **{f"type {n}": (packet(REQUEST, n), ErrorCode.INVALID_COMMAND) for n in (0, 43, 44, 1000, 2**31, 2**32 - 1)},
    "response magic on an unknown type": (packet(RESPONSE, 43), ErrorCode.INVALID_COMMAND),
    "a timeout missing": (packet(REQUEST, 23, b"f"), ErrorCode.INVALID_ARGUMENTS),
    "a submit of nothing": (packet(REQUEST, 7), ErrorCode.INVALID_ARGUMENTS),
    "a payload missing": (packet(REQUEST, 7, b"f\0u"), ErrorCode.INVALID_ARGUMENTS),
    "a reduce of four arguments": (packet(REQUEST, 37, b"f\0u\0r\0x"), ErrorCode.INVALID_ARGUMENTS),
    "no NUL in a long submit": (packet(REQUEST, 7, b"f\0" + b"x" * 9000), ErrorCode.ARGUMENT_TOO_LARGE),
    "a function of 8193": (packet(REQUEST, 1, b"f" * 8193), ErrorCode.ARGUMENT_TOO_LARGE),
    "a function of 8193 in a submit": (
        packet(REQUEST, 7, b"f" * 8193 + b"\0u\0x"),
        ErrorCode.ARGUMENT_TOO_LARGE,
    ),
    "an option of 8193": (packet(REQUEST, 26, b"o" * 8193), ErrorCode.ARGUMENT_TOO_LARGE),
    "a denominator of 8193": (packet(REQUEST, 12, b"H\x001\0" + b"9" * 8193), ErrorCode.ARGUMENT_TOO_LARGE),
    "a body over the limit": (REQUEST + b"\0\0\0\x10" + b"\0\x10\0\1", ErrorCode.ARGUMENT_TOO_LARGE),
    "a body of 4 GiB": (REQUEST + b"\0\0\0\x10" + b"\xff" * 4, ErrorCode.ARGUMENT_TOO_LARGE),
    "response magic and 4 GiB": (RESPONSE + b"\0\0\0\x10" + b"\xff" * 4, ErrorCode.ARGUMENT_TOO_LARGE),
}


LACKING = {  # what workers of some libraries say if there is nothing to say
    13: WorkComplete(b"H:h:1", b""),
    25: WorkException(b"H:h:1", b""),
    28: WorkData(b"H:h:1", b""),
    29: WorkWarning(b"H:h:1", b""),
}


@pytest.mark.parametrize(("number", "heard"), LACKING.items())
def test_a_report_that_ends_behind_its_handle_has_an_empty_payload(number: int, heard: Packet) -> None:
    said = packet(REQUEST, number, b"H:h:1")
    assert hear(Role.BROKER, [HEALTHY + said + HEALTHY]) == [EchoReq(b"hi"), heard, EchoReq(b"hi"), CLOSED]
    assert hear(Role.BROKER, byte_by_byte(said)) == [heard, CLOSED]


@pytest.mark.parametrize(("data", "fault"), SURVIVED.values(), ids=SURVIVED.keys())
def test_the_wire_stays_usable_after(data: bytes, fault: Fault) -> None:
    assert hear(Role.BROKER, [HEALTHY + data + HEALTHY]) == [EchoReq(b"hi"), fault, EchoReq(b"hi"), CLOSED]
    assert hear(Role.BROKER, byte_by_byte(data + HEALTHY)) == [fault, EchoReq(b"hi"), CLOSED]
    assert hear(Role.BROKER, [data + b"\n", data]).count(fault) == 2


@pytest.mark.parametrize(("data", "code"), FATAL.values(), ids=FATAL.keys())
def test_the_wire_stays_broken_after(data: bytes, code: bytes) -> None:
    connection = Connection(Role.BROKER, max_body=1 << 20)
    connection.receive_data(HEALTHY + data + HEALTHY)
    [echo, *faults] = listen(connection)
    fault = the_fault(faults)
    assert (echo, fault.code, fault.fatal) == (EchoReq(b"hi"), code, True)
    for more in (HEALTHY, b"", HEALTHY):
        connection.receive_data(more)
        assert listen(connection) == [fault]
        assert connection.pending == 0
    assert hear(Role.BROKER, byte_by_byte(data)) == [fault]


@pytest.mark.parametrize("number", range(43))
def test_a_peer_survives_what_only_peers_say(number: int) -> None:
    heard = hear(Role.PEER, [packet(RESPONSE, number) + packet(RESPONSE, 17, b"hi")])
    only_requests = set(PacketType) - set(RESPONSES) - {12, 13, 14, 25, 28, 29} | {5}
    if number in only_requests:
        assert heard[0] == COMMAND
        assert heard[-1] is CLOSED
    assert number in only_requests or COMMAND not in heard


def test_a_peer_is_not_asked() -> None:
    refusal = Fault(ErrorCode.INVALID_MAGIC, b"Response magic expected", True)
    assert hear(Role.PEER, [packet(REQUEST, 16, b"hi")]) == [refusal]


def test_a_body_over_the_limit_is_refused_from_its_header() -> None:
    connection = Connection(Role.BROKER, max_body=100)
    connection.receive_data(packet(REQUEST, 16, b"x" * 100))
    assert listen(connection) == [EchoReq(b"x" * 100), NEED_DATA]
    connection.receive_data(REQUEST + (16).to_bytes(4, "big") + (101).to_bytes(4, "big"))
    assert listen(connection) == [Fault(ErrorCode.ARGUMENT_TOO_LARGE, b"Packet is larger than 100 bytes", True)]


def test_names_as_long_as_may_be_arrive() -> None:
    name, unique = b"f" * 8192, b"u" * 64
    data = packet(REQUEST, 1, name) + packet(REQUEST, 18, name + b"\0" + unique + b"\0" + b"x\0" * 9000)
    assert hear(Role.BROKER, [data]) == [
        CanDo(name),
        SubmitJob(name, unique, b"x\0" * 9000, background=True),
        CLOSED,
    ]


def test_several_names_as_long_as_may_be_arrive() -> None:
    work = JobAssign(b"h" * 8192, b"f" * 8192, b"x\0" * 9000)
    assert hear(Role.PEER, [Connection(Role.BROKER).send(work)]) == [work, CLOSED]


def test_data_after_a_hang_up_is_our_fault() -> None:
    connection = Connection(Role.BROKER)
    connection.receive_data(b"")
    connection.receive_data(b"")
    assert listen(connection) == [CLOSED]
    with pytest.raises(LocalProtocolError):
        connection.receive_data(HEALTHY)
    assert listen(connection) == [CLOSED]


def test_what_arrived_before_a_hang_up_is_handed_out_before_closed() -> None:
    connection = Connection(Role.BROKER)
    connection.receive_data(HEALTHY + HEALTHY)
    connection.receive_data(b"")
    assert listen(connection) == [EchoReq(b"hi"), EchoReq(b"hi"), CLOSED]
    assert listen(connection) == [CLOSED]


def test_an_error_reads_as_a_sentence_with_its_code() -> None:
    error = RemoteProtocolError(ErrorCode.INVALID_COMMAND, b"Unknown packet type 43", fatal=True)
    assert str(error) == "Unknown packet type 43 (INVALID_COMMAND)"
