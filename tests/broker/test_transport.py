"""Bytes on their way to a peer: how they leave, and sending and closing by two tasks that come in either order."""

import socket
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from broker.switchboard import IS_AVAILABLE, Switchboard
from broker.transport import SocketTransport
from persistence.pieces import MOST_AT_ONCE

pytestmark = pytest.mark.skipif(not IS_AVAILABLE, reason="has no epoll")


@pytest.fixture
def transport() -> Iterator[SocketTransport]:
    """One end of a pair; the other reads nothing."""
    switchboard = Switchboard(lambda: None, lambda: None, lambda: False)
    near, far = socket.socketpair()
    with near, far:
        yield SocketTransport(near, "peer", switchboard)
    switchboard.close()


async def test_more_pieces_than_the_system_takes_at_once_leave_in_part(transport: SocketTransport) -> None:
    assert transport.send_now([b"x"] * 2_000) == MOST_AT_ONCE
    await transport.aclose()


async def test_who_is_to_send_on_what_is_closed_by_then_is_told_so(transport: SocketTransport) -> None:
    await transport.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await transport.send_all(b"x")


async def test_who_sends_on_what_is_closed_meanwhile_is_told_so(transport: SocketTransport) -> None:
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def close() -> None:
            await trio.testing.wait_all_tasks_blocked()
            await transport.aclose()

        with pytest.raises(trio.ClosedResourceError):
            await transport.send_all(b"x" * 10_000_000)
