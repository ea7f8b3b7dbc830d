"""Functions that both ends share: what goes over the wire, and what is refused."""

import doctest
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import pytest
from pydantic import BaseModel, Field

import peer.function
from peer import JSON, Function, PayloadError


class Email(BaseModel):
    """A model with an alias, a default and a limit."""

    to: str = Field(alias="recipient")
    urgency: int = Field(default=0, ge=0, le=9)


@dataclass(frozen=True)
class Receipt:
    """A standard dataclass."""

    number: int
    at: datetime


class Rot13:
    """A codec of the user's own."""

    def encode(self, value: str) -> bytes:
        return bytes((byte + 13) % 256 for byte in value.encode())

    def decode(self, data: bytes) -> str:
        return bytes((byte - 13) % 256 for byte in data).decode()


NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)

ROUND_TRIPS = {
    "bytes as they are": (Function("f", payload=bytes), b"a\0b", b"a\0b"),
    "text as UTF-8": (Function("f", payload=str), "ü", "ü".encode()),
    "a model, by its aliases": (
        Function("f", payload=Email),
        Email(recipient="a@b"),
        b'{"recipient":"a@b","urgency":0}',
    ),
    "a dataclass": (Function("f", payload=Receipt), Receipt(7, NOON), b'{"number":7,"at":"2030-01-01T12:00:00Z"}'),
    "a list": (Function("f", payload=list[int]), [1, 2], b"[1,2]"),
    "a number": (Function("f", payload=int), 17, b"17"),
    "any JSON": (Function("f", payload=JSON), {"a": [1, None, "x"]}, b'{"a":[1,null,"x"]}'),
    "a codec of one's own": (Function("f", payload=Rot13()), "abc", b"nop"),
}


@pytest.mark.parametrize(("function", "value", "data"), ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_a_value_goes_over_the_wire_and_comes_back(
    function: Function[object, None], value: object, data: bytes
) -> None:
    assert function.encode_payload(value) == data
    assert function.decode_payload(data) == value


def test_results_go_the_same_way_and_without_one_there_is_none() -> None:
    assert Function("f", payload=bytes, result=Email).decode_result(b'{"recipient":"a"}') == Email(recipient="a")
    assert Function("f", payload=bytes, result=str).encode_result("ü") == "ü".encode()
    nothing = Function("f", payload=bytes)
    assert nothing.encode_result(None) == b""
    nothing.decode_result(b"whatever")


@pytest.mark.parametrize(
    ("function", "data", "reason"),
    [
        pytest.param(Function("mail", payload=Email), b"{}", "recipient: Field required", id="a field is missing"),
        pytest.param(
            Function("mail", payload=Email),
            b'{"recipient":1,"urgency":10}',
            "recipient: Input should be a valid string; urgency: Input should be less than or equal to 9",
            id="two fields are wrong",
        ),
        pytest.param(Function("mail", payload=Email), b"", "Invalid JSON: EOF while parsing", id="nothing"),
        pytest.param(Function("mail", payload=JSON), b"\xff", "Invalid JSON: ", id="no JSON"),
        pytest.param(Function("mail", payload=str), b"\xff", "not UTF-8: ", id="no text"),
        pytest.param(Function("mail", payload=list[int]), b'["a","b","c","d","e","f","g"]', "; and 2 more", id="many"),
    ],
)
def test_data_that_does_not_fit_is_refused_in_one_line(
    function: Function[object, None], data: bytes, reason: str
) -> None:
    with pytest.raises(PayloadError) as caught:
        function.decode_payload(data)
    message = str(caught.value)
    assert message.startswith("the payload of mail does not fit: ")
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("function", "value", "reason"),
    [
        pytest.param(Function("mail", payload=bytes), "text", "bytes are expected, not str", id="text as bytes"),
        pytest.param(Function("mail", payload=str), b"bytes", "text is expected, not bytes", id="bytes as text"),
        pytest.param(Function("mail", payload=str), "\udcff", "not a text that UTF-8 can say", id="half a character"),
        pytest.param(Function("mail", payload=Email), {"to": "a"}, "dict cannot be written: ", id="no model"),
        pytest.param(Function("mail", payload=int), "a", "str cannot be written: ", id="no number"),
        pytest.param(Function("mail", payload=Email), None, "NoneType cannot be written: ", id="nothing for a model"),
    ],
)
def test_a_value_that_was_not_declared_is_refused(function: Function[object, None], value: object, reason: str) -> None:
    with pytest.raises(PayloadError) as caught:
        function.encode_payload(value)
    message = str(caught.value)
    assert message.startswith("the payload of mail cannot be sent: ")
    assert reason in message
    assert "\n" not in message


def test_a_result_where_there_is_none_is_refused() -> None:
    function = cast(Function[bytes, int], Function("f", payload=bytes))
    with pytest.raises(PayloadError, match="the result of f cannot be sent: nothing is expected, not int"):
        function.encode_result(17)


def test_the_example_in_its_docstring_runs() -> None:
    failed, attempted = doctest.testmod(peer.function)
    assert attempted
    assert not failed
