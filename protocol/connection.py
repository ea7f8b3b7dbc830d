"""One end of a Gearman connection without the connection: bytes in, packets out, and back.

It does no I/O and keeps no time. Whoever owns the socket hands over what arrives, takes out what it means,
and sends what ``send`` returns. After a fatal fault of the other side this object stays broken: the bytes
that follow have no meaning, so guessing where the next packet starts would be letting the peer choose what we
misread.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from struct import Struct
from typing import Final

from protocol.arguments import ARGUMENT_LIMIT
from protocol.decoding import DECODERS, SHORT_BODY, Decoder, split_long_body
from protocol.encoding import ENCODERS, LARGEST_BODY
from protocol.enumerations import Role
from protocol.errors import ErrorCode, LocalProtocolError, RemoteProtocolError
from protocol.long_packet import LongPacket, Piece
from protocol.packets import Event, Laden, Packet, TextLine
from protocol.wire import HEADER_BYTES, REQUEST_MAGIC, RESPONSE_MAGIC

__all__ = ["CLOSED", "DEFAULT_MAX_BODY", "NEED_DATA", "Connection", "Signal"]

DEFAULT_MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes. gearmand has no limit and allocates what the header declares, up to 4 GiB."""

LINE_LIMIT: Final = 8191
"""Bytes of a text line before its LF, as in gearmand."""

WORD_LIMIT: Final = 5
"""Words of a text line, as in gearmand."""

_HEADER: Final = Struct(">8sI")


class Signal(Enum):
    """What ``next_event`` returns when there is no event."""

    NEED_DATA = "need data"
    """Nothing whole is here: call ``receive_data``, then ask again."""
    CLOSED = "closed"
    """They hung up between two packets, and all they said was handed out."""


NEED_DATA: Final = Signal.NEED_DATA
CLOSED: Final = Signal.CLOSED


class Connection:
    """The protocol state of one connection.

    Args:
        role: which end we are.
        max_body: bytes a packet's body may have; a larger one is refused when its header is here, before its
            body.
    """

    __slots__ = (
        "_buffer",
        "_decoders",
        "_encoders",
        "_fault",
        "_hung_up",
        "_long",
        "_max_body",
        "_role",
        "_start",
        "has_more",
    )

    def __init__(self, role: Role, *, max_body: int = DEFAULT_MAX_BODY) -> None:
        self._role = role
        self._max_body = max_body
        self._decoders = DECODERS[role]
        self._encoders = ENCODERS[role]
        # What is unread begins at _start of _buffer. While a long packet comes in, _buffer is empty and _long
        # grows instead: keeping the pieces is linear, where joining each to the rest would be quadratic.
        self._buffer = b""
        self._start = 0
        self._long: LongPacket | None = None
        self._hung_up = False
        self._fault: tuple[bytes, bytes, bool, bool] | None = None
        self.has_more: bool = False
        """Whether ``next_event`` may have anything to say, be it of bytes, of their end, or of a fault.

        If not, it says ``NEED_DATA``, and need not be asked.
        """

    @property
    def pending(self) -> int:
        """How many bytes are here that were not handed out.

        After ``NEED_DATA`` these belong to one unfinished packet or line; a peer that leaves it so for long
        is to be cut off.
        """
        long = self._long
        return len(self._buffer) - self._start if long is None else HEADER_BYTES + long.received + len(long.behind)

    @property
    def missing(self) -> int:
        """How many bytes of a long packet that has begun are still to come; 0 when none is under way.

        Whoever reads may take so many at once: what comes is kept as it is, and copied once when all is here.
        """
        return 0 if self._long is None else self._long.missing

    def receive_data(self, data: bytes | bytearray) -> None:
        """Take what arrived; ``b""`` means they hung up. What comes after a fatal fault is dropped.

        Raises:
            LocalProtocolError: data after the hang-up.
        """
        if self._fault is not None:
            return
        self.has_more = True
        if not data:
            self._hung_up = True
        elif self._hung_up:
            raise LocalProtocolError("data was received after the end of the connection")
        elif self._long is not None:
            self._long.add(bytes(data))  # it is kept, and theirs may be a buffer that is used again
        elif self._start == len(self._buffer):
            self._buffer = bytes(data)
            self._start = 0
        else:
            self._buffer = self._buffer[self._start :] + data
            self._start = 0

    def next_event(self) -> Event | Signal:
        """The next packet or line that is whole, ``NEED_DATA``, or ``CLOSED``.

        Raises:
            RemoteProtocolError: they broke the rules. If it is not ``fatal``, go on calling; if it is, each
                further call raises it again. A connection that ended within a packet or a line is fatal, too.
        """
        buffer, start = self._buffer, self._start
        left = len(buffer) - start
        if left < HEADER_BYTES:
            if left or self._hung_up or self._long is not None or self._fault is not None:
                return self._next_of_little()
            self._buffer, self._start, self.has_more = b"", 0, False
            return NEED_DATA
        kind, length = _HEADER.unpack_from(buffer, start)
        decoder = self._decoders.get(kind)
        if decoder is None:
            return self._next_without_decoder(kind)
        if length > self._max_body:
            raise self._broken(ErrorCode.ARGUMENT_TOO_LARGE, b"Packet is larger than %d bytes" % self._max_body)
        body = start + HEADER_BYTES
        end = body + length
        if length > SHORT_BODY or length > left - HEADER_BYTES:
            return self._next_long(decoder, length, end)
        cuts, build, _, _ = decoder
        parts = buffer[body:end].split(b"\0", cuts)
        if end == len(buffer):
            self._buffer, self._start, self.has_more = b"", 0, False  # an idle connection keeps nothing
        else:
            self._start = end
        if len(parts) <= cuts:
            parts = self._completed(parts, decoder)
        return build(*parts)

    def send(self, packet: Packet) -> bytes:
        """The bytes that say ``packet``; sending them is the caller's.

        Raises:
            LocalProtocolError: this role may not say that, or an argument cannot arrive: a NUL where it would
                end the argument, a name over 8192 bytes, a unique over 64 in a submit, a number below 0 or
                over 63 bits. Nothing has changed.
        """
        encoder = self._encoders.get(type(packet))
        if encoder is None:
            raise LocalProtocolError(f"a {self._role.value} may not say {type(packet).__name__}")
        return encoder(packet)

    def send_in_pieces(self, packet: Laden) -> tuple[bytes, bytes]:
        """The same of a packet that ends with its payload, in two pieces: the second is the payload, uncopied.

        Raises:
            LocalProtocolError: as `send` does; or the body would be longer than a header can say.
        """
        said = self.send(replace(packet, payload=b""))
        length = len(said) - HEADER_BYTES + len(packet.payload)
        if length > LARGEST_BODY:
            raise LocalProtocolError(f"a body of {length} bytes is longer than {LARGEST_BODY}")
        return _HEADER.pack(said[:8], length) + said[HEADER_BYTES:], packet.payload

    def _next_of_little(self) -> Event | Signal:
        """Less than a header: nothing, a beginning, a line, a long packet under way, or a fault."""
        if self._fault is not None:
            raise RemoteProtocolError(*self._fault)
        if self._long is not None:
            return self._next_of_long(self._long)
        if self._start < len(self._buffer) and self._buffer[self._start] and self._role is Role.BROKER:
            return self._next_line()
        return self._starved()

    def _next_without_decoder(self, kind: bytes) -> Event | Signal:
        """Eight bytes that start no packet this end may read: text, or a fault."""
        magic, number = kind[:4], int.from_bytes(kind[4:], "big")
        if kind[0] and self._role is Role.BROKER:
            return self._next_line()
        if magic == RESPONSE_MAGIC or (magic == REQUEST_MAGIC and self._role is Role.BROKER):
            raise self._broken(ErrorCode.INVALID_COMMAND, b"Unknown packet type %d" % number)
        expected = b"Request" if self._role is Role.BROKER else b"Response"
        raise self._broken(ErrorCode.INVALID_MAGIC, expected + b" magic expected")

    def _next_line(self) -> Event | Signal:
        start = self._start
        line_end = self._buffer.find(b"\n", start, start + LINE_LIMIT + 1)
        if line_end < 0:
            if self.pending > LINE_LIMIT:
                text = b"Text line is longer than %d bytes" % LINE_LIMIT
                raise self._broken(ErrorCode.ARGUMENT_TOO_LARGE, text, in_text=True)
            return self._starved()
        line = self._buffer[start:line_end].removesuffix(b"\r")
        self._start = line_end + 1
        # The space alone parts words, and runs of it count once; tabs belong to the word.
        if len([word for word in line.split(b" ") if word]) > WORD_LIMIT:
            text = b"Text command has more than %d words" % WORD_LIMIT
            raise self._broken(ErrorCode.INVALID_ARGUMENTS, text, in_text=True)
        return TextLine(line)

    def _next_long(self, decoder: Decoder, length: int, end: int) -> Event | Signal:
        """A body that is long, or not all here."""
        if end <= len(self._buffer):
            self._start = end
            return self._decode_long(decoder, [memoryview(self._buffer)[end - length : end]])
        if length > SHORT_BODY:
            kind, begun = self._buffer[self._start : self._start + 8], self._buffer[end - length :]
            self._long = LongPacket(kind, length, begun)
            self._buffer, self._start = b"", 0
        return self._starved()

    def _next_of_long(self, long: LongPacket) -> Event | Signal:
        if long.missing:
            return self._starved()
        self._buffer, self._start, self._long = bytes(long.behind), 0, None
        return self._decode_long(self._decoders[long.kind], long.pieces())

    def _decode_long(self, decoder: Decoder, body: Sequence[Piece]) -> Packet:
        parts = split_long_body(body, decoder.cuts)
        if any(len(part) > ARGUMENT_LIMIT for part in parts[: decoder.bounded_parts]):
            text = b"Argument is longer than %d bytes" % ARGUMENT_LIMIT
            raise self._broken(ErrorCode.ARGUMENT_TOO_LARGE, text)
        if len(parts) <= decoder.cuts:
            parts = self._completed(parts, decoder)
        return decoder.build(*parts)

    def _starved(self) -> Signal:
        if not self._hung_up:
            return NEED_DATA
        if self.pending:
            text = b"Connection ended within a packet or a line"
            raise self._broken(ErrorCode.INCOMPLETE_PACKET, text, in_text=self._is_in_a_line())
        return CLOSED

    def _completed(self, parts: list[bytes], decoder: Decoder) -> list[bytes]:
        """Too few parts, with the last one added if it may be missing."""
        if decoder.last_may_miss and len(parts) == decoder.cuts:
            return [*parts, b""]
        raise self._broken(ErrorCode.INVALID_ARGUMENTS, b"Packet has too few arguments")

    def _is_in_a_line(self) -> bool:
        return self._role is Role.BROKER and self._long is None and self._buffer[self._start] != 0

    def _broken(self, code: bytes, text: bytes, *, in_text: bool = False) -> RemoteProtocolError:
        """The fault to raise, now and from now on; what is buffered is let go."""
        self._fault = (code, text, True, in_text)
        self._buffer, self._start, self._long = b"", 0, None
        self.has_more = True
        return RemoteProtocolError(*self._fault)
