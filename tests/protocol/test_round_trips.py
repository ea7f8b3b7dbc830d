"""Any packets, in any chunks, arrive as they were said."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import CLOSED, AllYours, Connection, Packet, Role
from protocol.packets import Laden
from tests.protocol.listening import hear
from tests.protocol.strategies import HEARD_BY, chunked, said_to
from tests.protocol.wire_table import WIRE

each_role = pytest.mark.parametrize("role", Role)
undated = settings(deadline=None)  # a busy machine is no fault of the wire


@each_role
@undated
@given(data=st.data())
def test_packets_arrive_as_they_were_said(role: Role, data: st.DataObject) -> None:
    packets = data.draw(st.lists(HEARD_BY[role], max_size=6))
    stream = b"".join([said_to(role, packet) for packet in packets])
    assert hear(role, data.draw(chunked(stream))) == [*packets, CLOSED]


@each_role
@undated
@given(data=st.data())
def test_what_is_read_and_said_again_has_the_same_bytes(role: Role, data: st.DataObject) -> None:
    wire = said_to(role, data.draw(HEARD_BY[role]))
    [heard, _closed] = hear(role, [wire])
    assert isinstance(heard, get_args(Packet))
    assert said_to(role, heard) == wire


@undated
@given(packet=HEARD_BY[Role.PEER].filter(lambda packet: isinstance(packet, Laden)))
def test_in_pieces_the_same_is_said(packet: Laden) -> None:
    connection = Connection(Role.BROKER)
    assert b"".join(connection.send_in_pieces(packet)) == connection.send(packet)


def test_no_record_is_forgotten_by_the_table() -> None:
    assert {type(line.packet) for line in WIRE.values()} | {AllYours} == set(get_args(Packet))
