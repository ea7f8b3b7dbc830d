"""Bytes that leave together without being made one."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.pieces import LONG_BYTES, MOST_AT_ONCE, few, unsent
from persistence.plain_stream import PlainStream
from persistence.replies import Command, pack, pack_in_pieces

LONG = b"x" * (LONG_BYTES + 1)
pieces = st.lists(st.binary(max_size=20) | st.just(LONG), max_size=8)


@given(pieces)
def test_few_are_the_same_bytes_and_what_is_long_is_left_as_it_is(pieces: list[bytes]) -> None:
    joined = few(pieces)
    assert b"".join(joined) == b"".join(pieces)
    assert len([piece for piece in joined if piece is LONG]) == pieces.count(LONG)
    assert len(joined) <= 2 * pieces.count(LONG) + 1


@given(pieces, st.data())
def test_what_is_unsent_is_all_behind_what_was_sent(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    sent = data.draw(st.integers(0, len(whole)))
    assert b"".join(unsent(pieces, sent)) == whole[sent:]
    assert bool(unsent(pieces, sent)) is (sent < len(whole))


@pytest.mark.parametrize(
    "command",
    [(b"SET", b"key", LONG, b"NX", b"EX", 60), ("SET", "key", LONG), (b"SET", LONG, LONG), ("SET", "ké", b"", 0)],
)
def test_a_command_in_pieces_is_the_command(command: Command) -> None:
    packed = pack_in_pieces(command)
    assert b"".join(packed) == pack(tuple(command))
    assert len([piece for piece in packed if piece is LONG]) == command.count(LONG)


async def test_more_pieces_than_the_system_takes_at_once_leave_in_part() -> None:
    here, there = socket.socketpair()
    with there:
        stream = PlainStream(here)
        assert stream.send_now([b"x"] * 2_000) == MOST_AT_ONCE
        await stream.aclose()
