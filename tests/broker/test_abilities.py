"""Which of a worker's functions is asked first, and what priority over all of them means."""

import pytest
import trio
import trio.testing

from broker.listening import attend_to
from protocol import CanDo, CantDo, EchoReq, EchoRes, GrabJob, NoJob, Packet, Priority, ResetAbilities, SubmitJob
from tests.broker.peers import Peer
from tests.broker.running import Running
from tests.broker.stream_transport import StreamTransport


class Noting(StreamTransport):
    """A connection that notes whether its peer counts as a worker."""

    is_worker = False

    def works(self) -> None:
        self.is_worker = True

    def works_no_more(self) -> None:
        self.is_worker = False


async def test_a_worker_of_nothing_gets_nothing(one: Running) -> None:
    client, worker = await one.peer(), await one.peer()
    await client.submit_background(b"f")
    assert await worker.ask(GrabJob()) == NoJob()


async def test_the_function_that_was_registered_last_is_asked_first(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b", b"c")
    for function in (b"a", b"b", b"c"):
        await client.submit_background(function)
    assert [(await worker.grab()).function for _ in range(3)] == [b"c", b"b", b"a"]


async def test_functions_take_turns(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b")
    for function in (b"a", b"a", b"b", b"b"):
        await client.submit_background(function)
    assert [(await worker.grab()).function for _ in range(4)] == [b"b", b"a", b"b", b"a"]


async def test_a_better_priority_goes_first_whatever_its_function(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b")
    for function, priority in (
        (b"b", Priority.LOW),
        (b"a", Priority.LOW),
        (b"b", Priority.NORMAL),
        (b"a", Priority.HIGH),
    ):
        await client.submit_background(function, priority=priority)
    expected = [b"a", b"b", b"a", b"b"]
    assert [(await worker.grab()).function for _ in range(4)] == expected


async def test_registering_again_changes_nothing(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b", b"a")
    await client.submit_background(b"a")
    await client.submit_background(b"b")
    assert [(await worker.grab()).function for _ in range(2)] == [b"b", b"a"]


async def test_a_function_that_was_given_up_is_not_served(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b")
    await client.submit_background(b"b")
    await worker.say(CantDo(b"b"))
    assert await worker.finds_nothing()
    await worker.can_do(b"b")
    assert (await worker.grab()).function == b"b"


async def test_a_function_may_have_an_empty_name_and_a_long_one(one: Running) -> None:
    client, worker = await one.peer(), await one.peer()
    for name in (b"", b"n" * 8000, b"\xff\xfe \t"):
        await worker.say(CanDo(name))
        await client.ask(SubmitJob(name, b"", b"x", background=True))
        assert (await worker.take()).function == name


@pytest.mark.parametrize("last_words", [[CantDo(b"f"), CantDo(b"g")], [ResetAbilities()]])
async def test_who_can_do_nothing_any_more_is_a_client_again(one: Running, last_words: list[Packet]) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    transport, peer = Noting(theirs, "memory"), Peer(ours)
    are_workers = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(attend_to, one.broker, transport)
        for said in ([CanDo(b"f"), CanDo(b"g")], [CantDo(b"unknown")], last_words, [CanDo(b"f")]):
            assert await peer.ask(*said, EchoReq(b"")) == EchoRes(b"")
            are_workers.append(transport.is_worker)
        await peer.leave()
    assert are_workers == [True, True, False, True]
