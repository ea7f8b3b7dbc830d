"""From a record to its bytes, by a table made once for each role and keyed by the record's class."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from struct import Struct
from typing import Any, Final

from protocol.arguments import ARGUMENT_LIMIT, UNIQUE_LIMIT, Kind, writer_of
from protocol.enumerations import PacketType, Role
from protocol.errors import LocalProtocolError
from protocol.packets import Packet
from protocol.wire import REQUEST_MAGIC, RESPONSE_MAGIC, ROWS, Row, Said

__all__ = ["ENCODERS", "LARGEST_BODY", "Encoder", "encoder_of_argument", "encoder_of_names_and_data"]

Encoder = Callable[[Any], bytes]
"""Turns a record of one class into its bytes; raises ``LocalProtocolError`` if an argument is impossible."""

LARGEST_BODY: Final = 2**32 - 1
_HEADER: Final = Struct(">8sI")
_NAMES: Final = frozenset({Kind.NAME, Kind.UNIQUE})
_PAYLOADS: Final = frozenset({Kind.DATA, Kind.RESULT})


def _header(kind: bytes, length: int) -> bytes:
    if length > LARGEST_BODY:
        raise LocalProtocolError(f"a body of {length} bytes is longer than {LARGEST_BODY}")
    return _HEADER.pack(kind, length)


def _encoder(row: Row, magic: bytes) -> Encoder:
    kind = magic + row.number.to_bytes(4, "big")
    kinds = tuple(row.arguments.values())
    if not kinds:
        said = _HEADER.pack(kind, 0)
        return lambda _packet: said
    if len(kinds) > 1 and kinds[-1] in _PAYLOADS and _NAMES.issuperset(kinds[:-1]):
        return _encoder_of_names_and_data(row, kind)
    if len(kinds) == 1:
        return _encoder_of_one(row, kind)
    if _NAMES.issuperset(kinds):
        return _encoder_of_names(row, kind)
    read = attrgetter(*row.arguments)
    writers = [writer_of(argument) for argument in kinds]

    def encode(packet: Packet) -> bytes:
        body = b"\0".join([write(value) for write, value in zip(writers, read(packet), strict=True)])
        return _header(kind, len(body)) + body

    return encode


def _encoder_of_one(row: Row, kind: bytes) -> Encoder:
    [name] = row.arguments
    read, write = attrgetter(name), _encoder_of_argument(row, kind)
    return lambda packet: write(read(packet))


def _encoder_of_argument(row: Row, kind: bytes) -> Callable[[Any], bytes]:
    [argument] = row.arguments.values()
    write, pack = writer_of(argument), _HEADER.pack

    def encode(value: object) -> bytes:
        body = write(value)
        length = len(body)
        return (pack(kind, length) if length <= LARGEST_BODY else _header(kind, length)) + body

    return encode


def _joiner(kinds: Sequence[Kind]) -> Callable[[Sequence[bytes]], bytes]:
    """What puts names together, which are checked together: no NUL but those between them, none too long."""
    writers = [writer_of(argument) for argument in kinds]
    separators = len(writers) - 1
    # If all names together keep to the limit of one, none need be looked at by itself.
    quick_limit = UNIQUE_LIMIT if Kind.UNIQUE in kinds else ARGUMENT_LIMIT

    def join(names: Sequence[bytes]) -> bytes:
        joined = b"\0".join(names)
        if len(joined) > quick_limit or joined.count(b"\0") != separators:
            for write, name in zip(writers, names, strict=True):
                write(name)
        return joined

    return join


def _encoder_of_names(row: Row, kind: bytes) -> Encoder:
    """A job's progress, which is said many times of each: never longer than a packet may be."""
    read, join, pack = attrgetter(*row.arguments), _joiner(tuple(row.arguments.values())), _HEADER.pack

    def encode(packet: Packet) -> bytes:
        body = join(read(packet))
        return pack(kind, len(body)) + body

    return encode


def _encoder_of_names_and_data(row: Row, kind: bytes) -> Encoder:
    """The form of nearly all that is said of jobs: data is copied once."""
    read, write = attrgetter(*row.arguments), _writer_of_names_and_data(row, kind)

    def encode(packet: Packet) -> bytes:
        *names, data = read(packet)
        return write(names, data)

    return encode


def _writer_of_names_and_data(row: Row, kind: bytes) -> Callable[[Sequence[bytes], bytes], bytes]:
    join, pack = _joiner(tuple(row.arguments.values())[:-1]), _HEADER.pack

    def write(names: Sequence[bytes], data: bytes) -> bytes:
        head = join(names)
        length = len(head) + 1 + len(data)
        start = pack(kind, length) if length <= LARGEST_BODY else _header(kind, length)
        return b"".join((start, head, b"\0", data))

    return write


def _choosing_encoder(rows: list[Row], magic: bytes) -> Encoder:
    """For a record of several packet numbers: its implied fields say which."""
    implied = attrgetter(*rows[0].implied)
    by_implied: dict[object, Encoder] = {}
    for row in rows:
        key = tuple(row.implied.values())
        by_implied[key if len(key) > 1 else key[0]] = _encoder(row, magic)

    def encode(packet: Packet) -> bytes:
        chosen = by_implied.get(implied(packet))
        if chosen is None:
            raise LocalProtocolError(f"no packet number for {implied(packet)!r} in {type(packet).__name__}")
        return chosen(packet)

    return encode


def _encoders(magic: bytes, said: Said) -> dict[object, Encoder]:
    rows_of: dict[object, list[Row]] = {}
    for row in ROWS:
        if row.said & said:
            rows_of.setdefault(row.record, []).append(row)
    return {
        record: _choosing_encoder(rows, magic) if rows[0].implied else _encoder(rows[0], magic)
        for record, rows in rows_of.items()
    }


def encoder_of_argument(number: PacketType, role: Role) -> Callable[[bytes], bytes]:
    """What writes the packet of this number, which has one argument, from that: a record for each would cost as much.

    It raises ``LocalProtocolError`` as ``Connection.send`` does.
    """
    return _encoder_of_argument(*_row_of(number, role))


def encoder_of_names_and_data(number: PacketType, role: Role) -> Callable[[Sequence[bytes], bytes], bytes]:
    """The same of the packet of this number, which has names and data: the names in their order, and the data."""
    return _writer_of_names_and_data(*_row_of(number, role))


def _row_of(number: PacketType, role: Role) -> tuple[Row, bytes]:
    [row] = [row for row in ROWS if row.number is number]
    magic = RESPONSE_MAGIC if role is Role.BROKER else REQUEST_MAGIC
    return row, magic + number.to_bytes(4, "big")


ENCODERS: Final[dict[Role, dict[object, Encoder]]] = {
    Role.BROKER: _encoders(RESPONSE_MAGIC, Said.RESPONSE),
    Role.PEER: _encoders(REQUEST_MAGIC, Said.REQUEST | Said.UNSERVED),
}
"""For each role, how each record it may say is written."""
