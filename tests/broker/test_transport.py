"""Bytes on their way to a peer."""

import socket

from broker.switchboard import Switchboard
from broker.transport import SocketTransport
from persistence.pieces import MOST_AT_ONCE


async def test_more_pieces_than_the_system_takes_at_once_leave_in_part() -> None:
    here, there = socket.socketpair()
    switchboard = Switchboard(lambda: None, lambda: None)
    with there:
        transport = SocketTransport(here, "peer", switchboard)
        assert transport.send_now([b"x"] * 2_000) == MOST_AT_ONCE
        await transport.aclose()
    switchboard.close()
