"""A function that clients ask for and workers do, declared once for both."""

from typing import Generic, TypeVar, cast, overload

from peer.codec import Codec, codec_of
from peer.errors import PayloadError

__all__ = ["Function"]

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")


class Function(Generic[PayloadT, ResultT]):
    """The name of a function, and what goes in and comes out; a type checker then checks both ends.

    A type is bytes or str (as they are on the wire), or anything that pydantic can validate (sent as JSON: a model, a
    dataclass, ``list[int]``). In its place may stand a `Codec`, such as `JSON` for any JSON at all. Without `result`,
    there is none.

    Attributes:
        name: as the server knows it.

    Example:
        >>> from pydantic import BaseModel
        >>> class Email(BaseModel):
        ...     to: str
        >>> send_email = Function("sendEmail", payload=Email)
        >>> send_email.encode_payload(Email(to="ann@example.org"))
        b'{"to":"ann@example.org"}'
        >>> send_email.decode_payload(b'{"to":"ann@example.org"}')
        Email(to='ann@example.org')
        >>> send_email.decode_payload(b'{}')
        Traceback (most recent call last):
        peer.errors.PayloadError: the payload of sendEmail does not fit: to: Field required
    """

    __slots__ = ("_payload", "_result", "name")

    @overload
    def __init__(
        self, name: str | bytes, *, payload: type[PayloadT] | Codec[PayloadT], result: type[ResultT] | Codec[ResultT]
    ) -> None: ...

    @overload
    def __init__(
        self: "Function[PayloadT, None]", name: str | bytes, *, payload: type[PayloadT] | Codec[PayloadT]
    ) -> None: ...

    def __init__(
        self,
        name: str | bytes,
        *,
        payload: type[PayloadT] | Codec[PayloadT],
        result: type[ResultT] | Codec[ResultT] | None = None,
    ) -> None:
        self.name: bytes = name.encode() if isinstance(name, str) else name
        self._payload = codec_of(payload)
        self._result = codec_of(cast(type[ResultT], type(None)) if result is None else result)

    def encode_payload(self, payload: PayloadT) -> bytes:
        """What a client sends; PayloadError if it is not what was declared."""
        return self._encoded(self._payload, payload, "payload")

    def decode_payload(self, data: bytes) -> PayloadT:
        """What a worker reads; PayloadError if it is not what was declared."""
        return self._decoded(self._payload, data, "payload")

    def encode_result(self, result: ResultT) -> bytes:
        """What a worker sends; PayloadError if it is not what was declared."""
        return self._encoded(self._result, result, "result")

    def decode_result(self, data: bytes) -> ResultT:
        """What a client reads; PayloadError if it is not what was declared."""
        return self._decoded(self._result, data, "result")

    def __repr__(self) -> str:
        return f"<Function {self._said_name}>"

    @property
    def _said_name(self) -> str:
        return self.name.decode("utf-8", "backslashreplace")

    def _encoded(self, codec: Codec[ValueT], value: ValueT, what: str) -> bytes:
        try:
            return codec.encode(value)
        except PayloadError as error:
            raise PayloadError(f"the {what} of {self._said_name} cannot be sent: {error}") from error

    def _decoded(self, codec: Codec[ValueT], data: bytes, what: str) -> ValueT:
        try:
            return codec.decode(data)
        except PayloadError as error:
            raise PayloadError(f"the {what} of {self._said_name} does not fit: {error}") from error
