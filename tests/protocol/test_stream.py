"""Packets over a trio stream."""

from functools import partial

import pytest
import trio
from trio.testing import (
    MemoryReceiveStream,
    MemorySendStream,
    memory_stream_one_way_pair,
    memory_stream_pair,
    memory_stream_pump,
)

from protocol import (
    CanDo,
    EchoReq,
    EchoRes,
    ErrorCode,
    GrabJob,
    JobCreated,
    LocalProtocolError,
    NoJob,
    Noop,
    PreSleep,
    RemoteProtocolError,
    Role,
    SubmitJob,
    TextLine,
)
from protocol.stream import PacketStream

WIRE_NOOP = b"\0RES\0\0\0\x06\0\0\0\0"


def open_pair() -> tuple[PacketStream, PacketStream]:
    peer, broker = memory_stream_pair()
    return PacketStream(peer, Role.PEER), PacketStream(broker, Role.BROKER)


def open_with_raw_end() -> tuple[PacketStream, trio.StapledStream[MemorySendStream, MemoryReceiveStream]]:
    peer, raw = memory_stream_pair()
    return PacketStream(peer, Role.PEER), raw


async def test_what_one_end_says_the_other_hears() -> None:
    peer, broker = open_pair()
    async with peer, broker:
        await peer.send(CanDo(b"f"), PreSleep())
        assert [await broker.receive(), await broker.receive()] == [CanDo(b"f"), PreSleep()]
        await broker.send(JobCreated(b"H:1"))
        assert await peer.receive() == JobCreated(b"H:1")


async def test_a_packet_in_pieces_is_waited_for() -> None:
    peer, raw = open_with_raw_end()
    async with peer, raw, trio.open_nursery() as nursery:
        received: list[object] = []

        async def receive() -> None:
            received.append(await peer.receive())

        nursery.start_soon(receive)
        for at in range(len(WIRE_NOOP)):
            await trio.testing.wait_all_tasks_blocked()
            assert not received
            await raw.send_all(WIRE_NOOP[at : at + 1])
    assert received == [Noop()]


async def test_a_burst_is_worked_off_without_waiting() -> None:
    peer, raw = open_with_raw_end()
    async with peer, raw:
        with pytest.raises(trio.WouldBlock):
            peer.receive_nowait()
        await raw.send_all(WIRE_NOOP * 3 + WIRE_NOOP[:5])
        assert await peer.receive() == Noop()
        assert [peer.receive_nowait(), peer.receive_nowait()] == [Noop(), Noop()]
        with pytest.raises(trio.WouldBlock):
            peer.receive_nowait()


async def test_a_broker_hears_lines() -> None:
    raw, broker = memory_stream_pair()
    async with raw, PacketStream(broker, Role.BROKER) as stream:
        await raw.send_all(b"status\r\n")
        assert await stream.receive() == TextLine(b"status")


async def test_the_end_between_packets_is_the_end_of_the_channel() -> None:
    peer, broker = open_pair()
    async with peer:
        await broker.send(NoJob())
        await broker.aclose()
        assert await peer.receive() == NoJob()
        for _ in range(2):
            with pytest.raises(trio.EndOfChannel):
                await peer.receive()
        with pytest.raises(trio.WouldBlock):
            peer.receive_nowait()


async def test_the_end_within_a_packet_is_their_fault() -> None:
    peer, raw = open_with_raw_end()
    async with peer:
        await raw.send_all(WIRE_NOOP[:7])
        await raw.aclose()
        with pytest.raises(RemoteProtocolError) as caught:
            await peer.receive()
        assert caught.value.fatal
        assert caught.value.code == ErrorCode.INCOMPLETE_PACKET


async def test_a_refused_packet_does_not_end_the_stream() -> None:
    raw, broker = memory_stream_pair()
    async with raw, PacketStream(broker, Role.BROKER) as stream:
        await raw.send_all(WIRE_NOOP + b"version\n")
        with pytest.raises(RemoteProtocolError) as caught:
            await stream.receive()
        assert not caught.value.fatal
        assert await stream.receive() == TextLine(b"version")


async def test_the_body_limit_is_kept() -> None:
    raw, broker = memory_stream_pair()
    async with raw, PacketStream(broker, Role.BROKER, max_body=4) as stream:
        await raw.send_all(b"\0REQ\0\0\0\x10\0\0\0\x05")
        with pytest.raises(RemoteProtocolError, match="larger than 4 bytes"):
            await stream.receive()


async def test_if_one_packet_may_not_be_said_none_is() -> None:
    peer, broker = open_pair()
    async with peer, broker:
        with pytest.raises(LocalProtocolError):
            await peer.send(GrabJob(), CanDo(b"\0"))
        await peer.send(PreSleep())
        assert await broker.receive() == PreSleep()


async def test_a_cancelled_receive_loses_nothing() -> None:
    peer, raw = open_with_raw_end()
    async with peer, raw:
        await raw.send_all(WIRE_NOOP[:5])
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(peer.receive)
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
        await raw.send_all(WIRE_NOOP[5:] + WIRE_NOOP)
        assert await peer.receive() == Noop()
        with trio.CancelScope() as scope:
            scope.cancel()
            await peer.receive()
        assert scope.cancelled_caught
        assert await peer.receive() == Noop()


async def test_receive_and_send_are_checkpoints() -> None:
    peer, raw = open_with_raw_end()
    async with peer, raw:
        await raw.send_all(WIRE_NOOP * 2)
        assert await peer.receive() == Noop()
        with trio.testing.assert_checkpoints():
            await peer.receive()
        with trio.testing.assert_checkpoints():
            await peer.send()


class Narrow:
    """A way out in which a send stays until somebody comes to read."""

    def __init__(self) -> None:
        self.sending, self.receiving = memory_stream_one_way_pair()
        self.sending.send_all_hook = self._wait_for_reader
        self.reader_came = trio.Event()

    async def _wait_for_reader(self) -> None:
        await self.reader_came.wait()
        memory_stream_pump(self.sending, self.receiving)

    def stream(self) -> PacketStream:
        _, nothing = memory_stream_one_way_pair()
        return PacketStream(trio.StapledStream(self.sending, nothing), Role.PEER)


async def test_a_send_cut_short_ends_all_sending() -> None:
    stream = Narrow().stream()
    async with stream:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send, EchoReq(b"cut"))
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        for _ in range(2):
            with pytest.raises(trio.BrokenResourceError, match="cut short"):
                await stream.send(PreSleep())
    with pytest.raises(trio.ClosedResourceError):
        await stream.send(PreSleep())


async def test_a_send_cancelled_while_it_waits_for_its_turn_harms_nobody() -> None:
    narrow = Narrow()
    stream = narrow.stream()
    async with stream, trio.open_nursery() as nursery:
        nursery.start_soon(stream.send, EchoReq(b"1"))
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as waiting:
                waiting.start_soon(stream.send, EchoReq(b"2"))
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
        narrow.reader_came.set()
        await stream.send(EchoReq(b"3"))
        heard = bytes(await narrow.receiving.receive_some())
        assert heard == b"".join(b"\0REQ\0\0\0\x10\0\0\0\x01" + text for text in (b"1", b"3"))


async def test_packets_of_many_tasks_arrive_whole_and_each_task_in_order() -> None:
    peer, broker = open_pair()
    said: list[SubmitJob] = []
    async with peer, broker, trio.open_nursery() as nursery:
        for task in range(5):
            mine = [SubmitJob(b"%d" % task, b"", b"x\0" * 50 * number) for number in range(5)]
            said += mine
            nursery.start_soon(partial(send_each, peer, mine))
        heard = [await broker.receive() for _ in said]
    for task in range(5):
        name = b"%d" % task
        assert [one for one in heard if isinstance(one, SubmitJob) and one.function == name] == [
            one for one in said if one.function == name
        ]


async def send_each(stream: PacketStream, packets: list[SubmitJob]) -> None:
    for packet in packets:
        await stream.send(packet)


async def test_after_aclose_nothing_is_sent_or_received() -> None:
    peer, broker = open_pair()
    await peer.aclose()
    await peer.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await peer.send(PreSleep())
    with pytest.raises(trio.ClosedResourceError):
        await peer.receive()
    with pytest.raises(trio.EndOfChannel):
        await broker.receive()
    with pytest.raises(trio.BrokenResourceError):
        await broker.send(EchoRes(b""))
    await broker.aclose()


async def test_a_cancelled_aclose_still_closes() -> None:
    peer, broker = open_pair()
    with trio.CancelScope() as scope:
        scope.cancel()
        await peer.aclose()
    with pytest.raises(trio.EndOfChannel):
        await broker.receive()
    await broker.aclose()
