"""Bytes on their way to a peer: how they leave, and sending and closing by two tasks that come in either order."""

import socket
from collections.abc import Iterator

import pytest
import trio
import trio.testing

from broker.standing import MUCH
from broker.switchboard import IS_AVAILABLE, Switchboard
from broker.transport import SocketTransport
from persistence.pieces import MOST_AT_ONCE
from tests.broker.peers import PATIENCE_SECONDS

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
    transport.close()


async def test_who_is_to_send_on_what_is_closed_by_then_is_told_so(transport: SocketTransport) -> None:
    transport.close()
    with pytest.raises(trio.ClosedResourceError):
        await transport.send_all(b"x")


async def test_who_sends_on_what_is_closed_meanwhile_is_told_so(transport: SocketTransport) -> None:
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def close() -> None:
            await trio.testing.wait_all_tasks_blocked()
            transport.close()

        with pytest.raises(trio.ClosedResourceError):
            await transport.send_all(b"x" * 10_000_000)


class Hearer:
    """A listener that counts every read as so many packets, and notes whose it was."""

    missing = 0

    def __init__(self, name: str, packets: int, notes: list[str]) -> None:
        self._name = name
        self._packets = packets
        self._notes = notes
        self._has_heard = trio.Event()

    async def wait_heard(self) -> None:
        """Until it has heard anything."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self._has_heard.wait()

    def wants_more(self) -> bool:
        return True

    def hear(self, data: bytes) -> int:
        self._notes.append(self._name)
        self._has_heard.set()
        return self._packets

    def heard(self) -> None:
        pass


async def test_who_has_the_number_of_one_that_said_much_and_is_closed_does_not_stand_back() -> None:
    switchboard = Switchboard(lambda: None, lambda: None, lambda: False)
    notes: list[str] = []
    number = await says_much_and_is_closed(switchboard, notes)
    near, far = socket.socketpair()
    other, lone = socket.socketpair()
    assert near.fileno() == number
    with near, far, other, lone:
        async with trio.open_nursery() as nursery:
            last = Hearer("other", 1, notes)
            nursery.start_soon(SocketTransport(near, "peer", switchboard).listen, Hearer("newcomer", 1, notes))
            nursery.start_soon(SocketTransport(other, "peer", switchboard).listen, last)
            await trio.testing.wait_all_tasks_blocked()
            far.send(b"x")
            lone.send(b"x")
            nursery.start_soon(switchboard.run)
            await last.wait_heard()
            nursery.cancel_scope.cancel()
    switchboard.close()
    assert notes == ["flood", "newcomer", "other"], "in the order in which they spoke"


async def test_who_worked_once_and_says_much_is_heard_behind_who_says_little() -> None:
    switchboard = Switchboard(lambda: None, lambda: None, lambda: False)
    notes: list[str] = []
    near, far = socket.socketpair()
    other, lone = socket.socketpair()
    with near, far, other, lone:
        async with trio.open_nursery() as nursery:
            flood, last = Hearer("flood", MUCH, notes), Hearer("lone", 1, notes)
            transport = SocketTransport(near, "peer", switchboard)
            transport.works()
            transport.works_no_more()
            nursery.start_soon(transport.listen, flood)
            nursery.start_soon(SocketTransport(other, "peer", switchboard).listen, last)
            await trio.testing.wait_all_tasks_blocked()
            far.send(b"x")
            nursery.start_soon(switchboard.run)
            await flood.wait_heard()
            far.send(b"x")
            lone.send(b"x")
            await last.wait_heard()
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    switchboard.close()
    assert notes == ["flood", "lone", "flood"]


async def says_much_and_is_closed(switchboard: Switchboard, notes: list[str]) -> int:
    """The number of a connection that stood back, and is over."""
    near, far = socket.socketpair()
    with near, far:
        transport, flood = SocketTransport(near, "peer", switchboard), Hearer("flood", MUCH, notes)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(switchboard.run)
            nursery.start_soon(transport.listen, flood)
            far.send(b"x")
            await flood.wait_heard()
            nursery.cancel_scope.cancel()
        transport.close()
        return transport.number
