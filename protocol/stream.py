"""The protocol on a trio stream, for clients and workers.

The only module of this package that meets trio, and the package does not import it.
"""

import trio

from protocol.connection import CLOSED, DEFAULT_MAX_BODY, Connection, Signal
from protocol.enumerations import Role
from protocol.packets import Event, Packet

__all__ = ["PacketStream"]


class PacketStream(trio.abc.AsyncResource):
    """Packets over ``stream``, which belongs to this object from now on.

    One task may receive while others send. Usable as ``async with``; leaving closes the stream.

    Args:
        stream: connected to the other end.
        role: which end we are.
        max_body: bytes a received packet's body may have.
    """

    def __init__(self, stream: trio.abc.Stream, role: Role, max_body: int = DEFAULT_MAX_BODY) -> None:
        self._stream = stream
        self._connection = Connection(role, max_body=max_body)
        # Packets of one send() stay together and nobody's half packet is followed by another's whole one.
        self._turn = trio.Lock()
        self._torn = False
        self._closed = False

    async def receive(self) -> Event:
        """The next event, waiting for it. A cancellation loses nothing: the next call goes on from there.

        Always a checkpoint. One task at a time.

        Raises:
            trio.EndOfChannel: they closed the connection between two packets.
            RemoteProtocolError: they broke the rules; if it is fatal, close.
            trio.BrokenResourceError: the connection is lost.
            trio.ClosedResourceError: ``aclose`` was called here.
        """
        await trio.lowlevel.checkpoint()
        while True:
            event = self._connection.next_event()
            if event is CLOSED:
                raise trio.EndOfChannel
            if not isinstance(event, Signal):
                return event
            self._connection.receive_data(await self._stream.receive_some())

    def receive_nowait(self) -> Event:
        """The next event if it is here already; for working off a burst without a checkpoint for each packet.

        Raises:
            trio.WouldBlock: nothing whole is here; it may have to be read, or the end of the connection be
                told, by ``receive``.
            RemoteProtocolError: as ``receive``.
        """
        event = self._connection.next_event()
        if isinstance(event, Signal):
            raise trio.WouldBlock
        return event

    async def send(self, *packets: Packet) -> None:
        """Send ``packets`` together, behind those of earlier calls; return when the system has taken them.

        Any number of tasks may send. A cancellation while waiting for one's turn sends nothing. One that
        comes later may have cut a packet in two: then this and all other sends raise ``BrokenResourceError``
        from then on, for what follows half a packet would be read as its other half. Close the stream;
        receiving still works.

        Raises:
            LocalProtocolError: one of the packets may not be said; none was sent.
            trio.BrokenResourceError: the connection is lost, or an earlier send was cut short.
            trio.ClosedResourceError: ``aclose`` was called here.
        """
        data = b"".join([self._connection.send(packet) for packet in packets])
        async with self._turn:
            if self._closed:
                raise trio.ClosedResourceError
            if self._torn:
                raise trio.BrokenResourceError("an earlier send was cut short")
            self._torn = True
            await self._stream.send_all(data)
            self._torn = False

    async def aclose(self) -> None:
        """Close the stream, at once if cancelled. Others waiting on it get ``trio.ClosedResourceError``."""
        self._closed = True
        await self._stream.aclose()
