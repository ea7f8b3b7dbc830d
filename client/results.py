"""From the bytes of a result to what the caller was promised."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar, cast

from client.errors import UnreadableResultError
from peer import Function, PayloadError

__all__ = ["ResultReader", "result_reader"]

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")

ResultReader: TypeAlias = Callable[[bytes, bytes], ResultT]
"""Takes a job's handle and the bytes of its result."""


def result_reader(function: bytes | str | Function[PayloadT, ResultT]) -> ResultReader[ResultT]:
    """How results of this function are read; those of a function given by name are bytes.

    What is returned raises UnreadableResultError for data that the function's codec refuses.
    """
    if not isinstance(function, Function):
        return cast(ResultReader[ResultT], _as_it_is)

    def read(handle: bytes, data: bytes) -> ResultT:
        try:
            return function.decode_result(data)
        except PayloadError as error:
            raise UnreadableResultError(handle, data, str(error)) from error

    return read


def _as_it_is(handle: bytes, data: bytes) -> bytes:
    return data
