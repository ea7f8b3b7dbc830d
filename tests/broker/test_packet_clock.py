"""The clock of a packet that has begun."""

import trio

from broker.packet_clock import PacketClock
from persistence.io_wait import each_time_readable, own_io_wait
from tests.persistence.readers import PATIENCE_SECONDS, SOON_SECONDS


async def test_the_time_of_a_packet_that_begins_between_two_turns_of_trio_is_kept() -> None:
    clock = PacketClock(SOON_SECONDS)
    near, far = trio.socket.socketpair()

    def read() -> bool:
        clock.look(pending=1, packets=0)
        return False

    with near, far:
        async with own_io_wait(), trio.open_nursery() as nursery:
            nursery.start_soon(each_time_readable, near.fileno(), read)
            await far.send(b"x")
            with trio.fail_after(PATIENCE_SECONDS), clock.listening():
                await trio.sleep_forever()
    assert clock.ran_out()
