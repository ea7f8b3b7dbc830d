"""How values become the bytes of a payload, and back.

Bytes and text are what they are on the wire, so that a worker in any language reads them; everything else is JSON,
written and validated by pydantic.
"""

from typing import Generic, Protocol, TypeVar, cast

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from peer.errors import PayloadError

__all__ = ["JSON", "Codec", "codec_of"]

ValueT = TypeVar("ValueT")

MOST_FAULTS_NAMED = 5  # of one payload; the reason is read by people


class Codec(Protocol[ValueT]):
    """A way to write values as bytes. Anything with these two methods is one, such as a msgpack of your own.

    Both raise PayloadError for what they cannot take.

    Example:
        >>> class Hex:
        ...     def encode(self, value: int) -> bytes:
        ...         return f"{value:x}".encode()
        ...     def decode(self, data: bytes) -> int:
        ...         return int(data, 16)
        >>> add = Function("add", payload=Hex(), result=Hex())
        >>> add.encode_payload(255)
        b'ff'
        >>> add.decode_result(b"100")
        256
    """

    def encode(self, value: ValueT) -> bytes:
        """The bytes that say `value`."""
        ...

    def decode(self, data: bytes) -> ValueT:
        """The value that `data` says."""
        ...


class BytesCodec:
    """Bytes as they are."""

    def encode(self, value: bytes) -> bytes:
        """Refuses everything but bytes: nothing is guessed."""
        if not isinstance(value, bytes):
            raise PayloadError(f"bytes are expected, not {type(value).__name__}")
        return value

    def decode(self, data: bytes) -> bytes:
        """The same bytes."""
        return data


class TextCodec:
    """Text as UTF-8."""

    def encode(self, value: str) -> bytes:
        """Refuses everything but text, and text that UTF-8 cannot say."""
        if not isinstance(value, str):
            raise PayloadError(f"text is expected, not {type(value).__name__}")
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise PayloadError(f"not a text that UTF-8 can say: {error}") from error

    def decode(self, data: bytes) -> str:
        """Refuses bytes that are not UTF-8."""
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise PayloadError(f"not UTF-8: {error}") from error


class NothingCodec:
    """None as nothing; whatever comes is taken for nothing, since nobody will look at it."""

    def encode(self, value: None) -> bytes:
        """Refuses everything but None: a value that is dropped in silence would be missed."""
        if value is not None:
            raise PayloadError(f"nothing is expected, not {type(value).__name__}")
        return b""

    def decode(self, data: bytes) -> None:
        """None."""


class JsonCodec(Generic[ValueT]):
    """Whatever pydantic can validate, as JSON: its models, dataclasses, lists, dates and so on.

    Names are written as pydantic's aliases have them, for that is how it reads them.
    """

    def __init__(self, adapter: TypeAdapter[ValueT]) -> None:
        self._adapter = adapter

    def encode(self, value: ValueT) -> bytes:
        """Refuses what does not have the declared type."""
        try:
            if value is None:
                self._adapter.validate_python(None)  # pydantic writes it in the place of anything, without a warning
            return self._adapter.dump_json(value, by_alias=True, warnings="error")
        except (PydanticSerializationError, ValueError) as error:
            raise PayloadError(f"{type(value).__name__} cannot be written: {_one_line(str(error))}") from error

    def decode(self, data: bytes) -> ValueT:
        """Refuses what does not validate, and says where in the data."""
        try:
            return self._adapter.validate_json(data)
        except ValidationError as error:
            raise PayloadError(_faults(error)) from error


JSON: Codec[JsonValue] = JsonCodec(TypeAdapter(JsonValue))
"""Any JSON, not looked at further: null, booleans, numbers, texts, lists and objects."""


def codec_of(kind: type[ValueT] | Codec[ValueT]) -> Codec[ValueT]:
    """The codec for a type; a codec is its own."""
    if kind is bytes:
        return cast(Codec[ValueT], BytesCodec())
    if kind is str:
        return cast(Codec[ValueT], TextCodec())
    if kind is type(None):
        return cast(Codec[ValueT], NothingCodec())
    if not isinstance(kind, type) and hasattr(kind, "encode") and hasattr(kind, "decode"):
        return kind
    return JsonCodec(TypeAdapter(cast(type[ValueT], kind)))


def _faults(error: ValidationError) -> str:
    faults = [_fault(one["loc"], one["msg"]) for one in error.errors(include_url=False, include_input=False)]
    more = len(faults) - MOST_FAULTS_NAMED
    return "; ".join(faults[:MOST_FAULTS_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _fault(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(map(str, place))
    return _one_line(f"{where}: {message}" if where else message)


def _one_line(text: str) -> str:
    return " ".join(text.split())
