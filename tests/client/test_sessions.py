"""One connection by itself: what two things that happen in one moment make of each other."""

import pytest
import trio
import trio.testing

from client.awaiting import AwaitedSlot
from client.loss import Loss
from client.session import Session
from client.slot import NotSentError
from protocol import Connection, EchoReq, EchoRes, Role

PATIENCE_SECONDS = 5.0


async def test_a_request_taken_up_in_the_moment_of_the_loss_is_told_of_it() -> None:
    ours, _theirs = trio.testing.memory_stream_pair()
    session = Session(ours, "server", max_body=1000, in_flight=10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)
        await trio.testing.wait_all_tasks_blocked()  # its writer waits for a request
        slot = AwaitedSlot(Connection(Role.PEER).send(EchoReq(b"")), EchoRes)
        await session.post(slot)  # without a checkpoint: the writer has been given it, and has not run yet
        session.close(Loss("server", "it hung up"))
        with trio.fail_after(PATIENCE_SECONDS), pytest.raises(NotSentError):
            await slot.wait()
