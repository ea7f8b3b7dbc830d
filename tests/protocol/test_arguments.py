"""What arguments may hold, said and heard."""

from typing import cast

import pytest

from protocol import (
    CLOSED,
    LARGEST_NUMBER,
    CanDo,
    CanDoTimeout,
    Connection,
    EchoReq,
    Error,
    GetStatus,
    GrabJob,
    JobAssign,
    JobAssignUniq,
    JobCreated,
    LocalProtocolError,
    Noop,
    OptionReq,
    OptionRes,
    Packet,
    PacketType,
    Priority,
    RemoteProtocolError,
    Role,
    SetClientId,
    StatusRes,
    SubmitJob,
    SubmitJobEpoch,
    SubmitReduceJob,
    WorkFail,
    WorkStatus,
    read_number,
)
from protocol.encoding import encoder_of_argument, encoder_of_names_and_data
from tests.protocol.listening import hear

NUMBERS = {
    b"": 0,
    b"0": 0,
    b"7": 7,
    b"0007": 7,
    b"+7": 7,
    b" \t\r\n\v\f7": 7,
    b"7.9": 7,
    b"7 8": 7,
    b"abc": 0,
    b"-7": 0,
    b"\xb2": 0,
    b"9223372036854775807": LARGEST_NUMBER,
    b"0" * 8000 + b"9": 9,
}

UNSPEAKABLE: dict[str, tuple[Role, Packet]] = {
    "a request by a broker": (Role.BROKER, GrabJob()),
    "a response by a peer": (Role.PEER, Noop()),
    "NUL in a function": (Role.PEER, SubmitJob(b"f\0", b"u", b"x")),
    "NUL in a unique": (Role.PEER, SubmitJob(b"f", b"\0u", b"x")),
    "NUL in a function that stands last": (Role.PEER, CanDo(b"f\0")),
    "NUL in a handle that stands last": (Role.BROKER, JobCreated(b"H:\0")),
    "NUL in an assigned function": (Role.BROKER, JobAssign(b"H:1", b"f\0g", b"x")),
    "NUL in a code": (Role.BROKER, Error(b"A\0B", b"text")),
    "NUL in a denominator": (Role.PEER, WorkStatus(b"H:1", b"1", b"2\0")),
    "a unique of 65": (Role.PEER, SubmitJob(b"f", b"u" * 65, b"x")),
    "a unique of 65 with a date": (Role.PEER, SubmitJobEpoch(b"f", b"u" * 65, 0, b"x")),
    "a reducer of 65": (Role.PEER, SubmitReduceJob(b"f", b"u", b"r" * 65, b"", b"x")),
    "a function of 8193": (Role.PEER, SubmitJob(b"f" * 8193, b"u", b"x")),
    "a function of 8193 that stands last": (Role.PEER, CanDo(b"f" * 8193)),
    "an option of 8193": (Role.PEER, OptionReq(b"o" * 8193)),
    "a date before 1970": (Role.PEER, SubmitJobEpoch(b"f", b"u", -1, b"x")),
    "a timeout of 2^63": (Role.PEER, CanDoTimeout(b"f", 2**63)),
    "a negative progress": (Role.BROKER, StatusRes(b"H:1", True, True, -1, 3)),
    "an unknown priority": (Role.PEER, SubmitJob(b"f", b"u", b"x", priority=cast(Priority, 7))),
}


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_numbers_are_read_as_c_reads_them(text: bytes, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", [b"9223372036854775808", b" +9223372036854775808x", b"9" * 5000])
def test_a_number_that_overflows_is_their_fault_and_survived(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read_number(text)
    assert not caught.value.fatal


@pytest.mark.parametrize(("role", "packet"), UNSPEAKABLE.values(), ids=UNSPEAKABLE.keys())
def test_what_may_not_be_said_is_our_fault(role: Role, packet: Packet) -> None:
    connection = Connection(role)
    with pytest.raises(LocalProtocolError):
        connection.send(packet)


def test_a_packet_of_one_argument_can_be_said_from_that_alone() -> None:
    say_created = encoder_of_argument(PacketType.JOB_CREATED, Role.BROKER)
    say_question = encoder_of_argument(PacketType.GET_STATUS, Role.PEER)
    assert say_created(b"H:lap:1") == Connection(Role.BROKER).send(JobCreated(b"H:lap:1"))
    assert say_question(b"H:lap:1") == Connection(Role.PEER).send(GetStatus(b"H:lap:1"))
    with pytest.raises(LocalProtocolError, match="NUL in an argument"):
        say_created(b"H:lap\0:1")


def test_a_packet_of_names_and_data_can_be_said_from_these_alone() -> None:
    say_assigned = encoder_of_names_and_data(PacketType.JOB_ASSIGN_UNIQ, Role.BROKER)
    assigned = JobAssignUniq(b"H:lap:1", b"f", b"u" * 8192, b"x\0y")
    assert say_assigned((b"H:lap:1", b"f", b"u" * 8192), b"x\0y") == Connection(Role.BROKER).send(assigned)
    for names in ((b"H:lap\0:1", b"f", b""), (b"H:lap:1", b"f" * 8193, b"")):
        with pytest.raises(LocalProtocolError):
            say_assigned(names, b"x")


def test_after_our_fault_the_next_packet_is_said() -> None:
    connection = Connection(Role.PEER)
    with pytest.raises(LocalProtocolError):
        connection.send(CanDo(b"\0"))
    assert hear(Role.BROKER, [connection.send(CanDo(b"f"))]) == [CanDo(b"f"), CLOSED]


STRAY_NULS: dict[str, tuple[bytes, Packet]] = {
    "a function": (b"\0REQ\0\0\0\x01\0\0\0\x02f\0", CanDo(b"f")),
    "a handle": (b"\0REQ\0\0\0\x0f\0\0\0\x05H:1\0x", GetStatus(b"H:1")),
    "a failed handle": (b"\0REQ\0\0\0\x0e\0\0\0\x04H:1\0", WorkFail(b"H:1")),
    "a denominator": (b"\0REQ\0\0\0\x0c\0\0\0\x08H:1\x001\x003\0", WorkStatus(b"H:1", b"1", b"3")),
    "an id": (b"\0REQ\0\0\0\x16\0\0\0\x03id\0", SetClientId(b"id")),
    "a timeout": (b"\0REQ\0\0\0\x17\0\0\0\x04f\x005\0", CanDoTimeout(b"f", 5)),
}


@pytest.mark.parametrize(("data", "packet"), STRAY_NULS.values(), ids=STRAY_NULS.keys())
def test_a_name_ends_at_a_stray_nul(data: bytes, packet: Packet) -> None:
    assert hear(Role.BROKER, [data]) == [packet, CLOSED]


def test_an_option_is_repeated_with_its_stray_nul() -> None:
    [asked, _closed] = hear(Role.BROKER, [Connection(Role.PEER).send(OptionReq(b"exceptions\0"))])
    assert asked == OptionReq(b"exceptions\0")
    answer = Connection(Role.BROKER).send(OptionRes(b"exceptions\0"))
    assert answer == b"\0RES\0\0\0\x1b\0\0\0\x0bexceptions\0"


@pytest.mark.parametrize("payload", [b"", b"\0", b"x" * 8192, b"x" * 8193, b"\0" * 70_000, b"x" * 300_000])
def test_payloads_of_all_sizes_arrive_in_all_chunks(payload: bytes) -> None:
    packets: list[Packet] = [
        SubmitJob(b"f", b"u", payload, Priority.LOW, background=True),
        EchoReq(payload),
        EchoReq(b"end"),
    ]
    data = b"".join([Connection(Role.PEER).send(packet) for packet in packets])
    for size in (1_000, 8_192, 65_536, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert hear(Role.BROKER, pieces) == [*packets, CLOSED]
