"""From the body of a packet to its record, by a table made once for each role.

The table is keyed by the first eight bytes of a header, magic and type together, so that one look-up decides
what a packet is, whether this end may be told it, and how its body is read.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn

from protocol.arguments import ARGUMENT_LIMIT, Kind, reader_of
from protocol.enumerations import PacketType, Role
from protocol.errors import ErrorCode, RemoteProtocolError
from protocol.long_packet import Piece
from protocol.packets import Packet
from protocol.wire import REQUEST_MAGIC, RESPONSE_MAGIC, ROWS, Row, Said

__all__ = ["DECODERS", "SHORT_BODY", "Decoder", "split_long_body"]

SHORT_BODY: Final = ARGUMENT_LIMIT
"""In a body no longer than this no argument can be too long, so nobody need look."""

_RESERVED_TYPE: Final = 5
_A_JOB: Final = (Kind.NAME, Kind.UNIQUE, Kind.DATA)


class Decoder(NamedTuple):
    """How one kind of packet is read: split the body ``cuts`` times at NULs, give the parts to ``build``."""

    cuts: int
    build: Callable[..., Packet]
    """May raise a ``RemoteProtocolError``, never a fatal one: the packet is whole and behind us."""
    bounded_parts: int
    """How many of the parts, from the first, must keep to ``ARGUMENT_LIMIT``."""
    last_may_miss: bool
    """Whether the last part is empty where the body ends before it."""


def split_long_body(body: Sequence[Piece], cuts: int) -> list[bytes]:
    """What splitting a body, which is in pieces, at its first ``cuts`` NULs gives; the long last part is copied once.

    That holds if the parts before it keep to their limit. If not, there are too few, or one is too long.
    """
    wanted = cuts * (ARGUMENT_LIMIT + 1)
    head = b""
    pieces = [memoryview(piece) for piece in body]
    while pieces and len(head) < wanted:
        lacking = wanted - len(head)
        head += pieces[0][:lacking]
        if len(pieces[0]) > lacking:
            pieces[0] = pieces[0][lacking:]
        else:
            del pieces[0]
    parts = head.split(b"\0", cuts)
    if len(parts) > cuts:
        parts[-1] = b"".join((parts[-1], *pieces))
    return parts


def _builder(row: Row) -> Callable[..., Packet]:
    """The record itself where the parts are its fields, else a function that reads them first."""
    last = len(row.arguments) - 1
    readers = {
        index: reader
        for index, kind in enumerate(row.arguments.values())
        if (reader := reader_of(kind, final=index == last)) is not None
    }
    record, implied = row.record, tuple(row.implied.values())
    if not readers and not implied:
        return record
    if tuple(row.arguments.values()) == _A_JOB and len(implied) == 2:
        return _builder_of_jobs(record, readers[1], *implied)
    if len(readers) == 1:
        return _builder_with_one_reader(record, *readers.popitem(), implied)

    def build(*parts: bytes) -> Packet:
        values: list[object] = list(parts)
        for index, reader in readers.items():
            values[index] = reader(parts[index])
        return record(*values, *implied)

    return build


def _builder_of_jobs(
    record: Callable[..., Packet], read_unique: Callable[[bytes], object], priority: object, background: object
) -> Callable[..., Packet]:
    """The submits of which a flood is made, without a list in between."""
    return lambda function, unique, payload: record(function, read_unique(unique), payload, priority, background)


def _builder_with_one_reader(
    record: Callable[..., Packet], index: int, reader: Callable[[bytes], object], implied: tuple[object, ...]
) -> Callable[..., Packet]:
    """Common cases, lone handles among them, in half the time of the general."""
    if index == 0 and not implied:
        return lambda part, *others: record(reader(part), *others)

    def build(*parts: bytes) -> Packet:
        values: list[object] = list(parts)
        values[index] = reader(parts[index])
        return record(*values, *implied)

    return build


def _decoder(row: Row) -> Decoder:
    if not row.arguments:
        said = row.record()
        # Bytes behind a packet without arguments are read and ignored, as gearmand does.
        return Decoder(cuts=0, build=lambda _ignored: said, bounded_parts=0, last_may_miss=False)
    last = list(row.arguments.values())[-1]
    bounded_parts = len(row.arguments) - (last in (Kind.DATA, Kind.RESULT))
    return Decoder(len(row.arguments) - 1, _builder(row), bounded_parts, last_may_miss=last is Kind.RESULT)


def _refusal(code: bytes, text: bytes) -> Decoder:
    def refuse(_body: bytes) -> NoReturn:
        raise RemoteProtocolError(code, text, fatal=False)

    return Decoder(cuts=0, build=refuse, bounded_parts=0, last_may_miss=False)


def _decoders(magic: bytes, said: Said) -> dict[bytes, Decoder]:
    unexpected = _refusal(ErrorCode.INVALID_COMMAND, b"Command not expected")
    table = {_key(magic, number): unexpected for number in (_RESERVED_TYPE, *PacketType)}
    table.update((_key(magic, row.number), _decoder(row)) for row in ROWS if said in row.said)
    return table


def _key(magic: bytes, number: int) -> bytes:
    return magic + number.to_bytes(4, "big")


_WRONG_MAGIC = _refusal(ErrorCode.INVALID_MAGIC, b"Request magic expected")

DECODERS: Final[dict[Role, dict[bytes, Decoder]]] = {
    Role.BROKER: {
        **{_key(RESPONSE_MAGIC, number): _WRONG_MAGIC for number in (_RESERVED_TYPE, *PacketType)},
        **_decoders(REQUEST_MAGIC, Said.REQUEST),
    },
    Role.PEER: _decoders(RESPONSE_MAGIC, Said.RESPONSE),
}
"""For each role, what the first eight bytes of a header mean; what is not in it is not the protocol."""
