"""Servers' addresses as people write them."""

import doctest
from typing import Any

import pytest

import peer.address
from peer import ServerAddress, parse_address, parse_addresses


@pytest.mark.parametrize(
    ("text", "address", "again"),
    [
        ("jobs", ServerAddress("jobs", 4730), "jobs:4730"),
        ("10.0.0.1:4731", ServerAddress("10.0.0.1", 4731), "10.0.0.1:4731"),
        ("[::1]", ServerAddress("::1", 4730), "[::1]:4730"),
        ("[::1]:65535", ServerAddress("::1", 65535), "[::1]:65535"),
    ],
)
def test_an_address_is_read_and_written(text: str, address: ServerAddress, again: str) -> None:
    assert parse_address(text) == address
    assert str(address) == again


@pytest.mark.parametrize(
    "text", ["", ":4730", "host:", "host:gearman", "host:0", "host:65536", "host:٣", "::1", "[::1", "[::1]x", "[]:1"]
)
def test_what_is_no_address_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a server address: .* \("):
        parse_address(text)


def test_several_addresses_stay_in_order() -> None:
    assert [str(address) for address in parse_addresses(["b", "a:1"])] == ["b:4730", "a:1"]


def test_no_address_and_the_same_one_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="no server is named"):
        parse_addresses([])
    with pytest.raises(ValueError, match="the server a:4730 is named twice"):
        parse_addresses(["a", "b", "a:4730"])


def test_a_list_in_the_place_of_an_address_is_refused_in_words() -> None:
    wrong: list[Any] = [["a:4730", "b:4730"]]
    with pytest.raises(TypeError, match=r"text such as '127\.0\.0\.1:4730', .* not \['a:4730', 'b:4730'\]"):
        parse_addresses(wrong)


def test_the_examples_in_its_docstrings_run() -> None:
    assert doctest.testmod(peer.address) == (0, 3)
