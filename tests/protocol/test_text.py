"""Lines of text where a packet could begin."""

import pytest

from protocol import CLOSED, NEED_DATA, Connection, ErrorCode, Role, TextLine
from tests.protocol.listening import byte_by_byte, hear, listen, the_fault

LINES = {
    "ended by LF": (b"status\n", b"status"),
    "ended by CR LF": (b"status\r\n", b"status"),
    "whose CRs are its own but for the last": (b"sta\rtus\r\r\n", b"sta\rtus\r"),
    "that is empty": (b"\n", b""),
    "that is only a CR": (b"\r\n", b""),
    "with blanks left as they are": (b"  cancel   job H:1 \r\n", b"  cancel   job H:1 "),
    "of five words": (b"maxqueue f 1 2 3\r\n", b"maxqueue f 1 2 3"),
    "whose tabs part no words": (b"a\tb\tc\td\te\tf g\n", b"a\tb\tc\td\te\tf g"),
    "with a NUL inside": (b"sta\0tus\n", b"sta\0tus"),
    "that looks like a header without its NUL": (b"REQ\0\0\0\x09\0\0\0\0\n", b"REQ\0\0\0\x09\0\0\0\0"),
    "as long as may be": (b"x" * 8190 + b"\r\n", b"x" * 8190),
}
TOO_MUCH = {
    "six words": (b"a b c d e f\n", ErrorCode.INVALID_ARGUMENTS),
    "8192 bytes": (b"x" * 8192 + b"\n", ErrorCode.ARGUMENT_TOO_LARGE),
    "8192 bytes and no end yet": (b"x" * 8192, ErrorCode.ARGUMENT_TOO_LARGE),
    "no end in sight": (b"x" * 9000, ErrorCode.ARGUMENT_TOO_LARGE),
}


@pytest.mark.parametrize(("data", "line"), LINES.values(), ids=LINES.keys())
def test_a_line_is_read(data: bytes, line: bytes) -> None:
    assert hear(Role.BROKER, [data]) == [TextLine(line), CLOSED]
    assert hear(Role.BROKER, byte_by_byte(data)) == [TextLine(line), CLOSED]


@pytest.mark.parametrize(("data", "line"), LINES.values(), ids=LINES.keys())
def test_a_line_is_followed_by_what_follows(data: bytes, line: bytes) -> None:
    assert hear(Role.BROKER, [data + b"version\n" + data]) == [
        TextLine(line),
        TextLine(b"version"),
        TextLine(line),
        CLOSED,
    ]


@pytest.mark.parametrize(("data", "code"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_too_much_of_a_line_is_fatal(data: bytes, code: bytes) -> None:
    whole, in_pieces = hear(Role.BROKER, [data]), hear(Role.BROKER, byte_by_byte(data))
    fault = the_fault(whole)
    assert (fault.code, fault.fatal) == (code, True)
    assert whole == in_pieces


def test_half_a_line_waits_and_a_hang_up_there_is_their_fault() -> None:
    connection = Connection(Role.BROKER)
    connection.receive_data(b"status with no en")
    assert listen(connection) == [NEED_DATA]
    assert connection.pending == 17
    connection.receive_data(b"")
    fault = the_fault(listen(connection))
    assert (fault.code, fault.fatal) == (ErrorCode.INCOMPLETE_PACKET, True)


def test_a_peer_is_told_no_lines() -> None:
    fault = the_fault(hear(Role.PEER, [b"OK 1.1.20 and more\n"]))
    assert (fault.code, fault.fatal) == (ErrorCode.INVALID_MAGIC, True)
