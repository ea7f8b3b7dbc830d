"""One connection that carries any number of requests and jobs at once.

Two tasks serve it. The writer takes requests from a bounded queue and gives each its place in the order of
answers in the moment its bytes leave, so that wire and bookkeeping cannot disagree. The reader hands out what
arrives; it never waits for a caller, for all jobs of the connection hang on it.
"""

import os

import trio

from client.awaiting import AwaitedSlot, closed_by_us
from client.demultiplexer import Demultiplexer, OutOfStepError
from client.loss import Loss
from client.slot import Answer, NotSentError
from peer.hanging_up import hang_up
from protocol import RemoteProtocolError, Role
from protocol.stream import PacketStream

__all__ = ["Session"]

QUEUED_REQUESTS = 64  # beyond it callers wait: a server that does not read must not fill our memory
BATCH_BYTES = 64 * 1024  # small requests that wait together leave in one send


class Session:
    """A connection, from its first byte to its loss.

    It never comes back; who wants to go on opens another. Its tasks are protected from KeyboardInterrupt (see
    `Connector`).
    """

    def __init__(self, stream: trio.abc.Stream, server: str, *, max_body: int, in_flight: int) -> None:
        self.server = server
        self._stream = stream
        self._process = os.getpid()
        self._packets = PacketStream(stream, Role.PEER, max_body)
        self._in_flight = in_flight
        self._room = trio.lowlevel.ParkingLot()
        self._demultiplexer = Demultiplexer()
        self._queue, self._requests = trio.open_memory_channel[AwaitedSlot](QUEUED_REQUESTS)
        self._scope = trio.CancelScope()
        self._loss: Loss | None = None
        self._retiring = False
        self._wanted = 0  # requests and jobs that somebody here still waits for

    @property
    def over(self) -> bool:
        """Nothing more can be asked here."""
        return self._loss is not None

    @property
    def retiring(self) -> bool:
        """It closes as soon as nobody waits on it; better ask elsewhere."""
        return self._retiring

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Serves the connection until it is over, and closes the stream.

        Transport and protocol faults are not raised here:
        whoever waits on the connection is told.
        """
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    await self._read()
        finally:
            self.close(closed_by_us(self.server, "the client's tasks were cancelled"))
            hang_up(self._stream, self._process)
            with trio.CancelScope(shield=True):  # waits for nothing; unshielded, its Cancelled would hide a defect
                await trio.aclose_forcefully(self._stream)

    async def ask(self, slot: AwaitedSlot) -> Answer:
        """Sends a request and waits for its answer; raises RefusedError, ConnectionLostError or NotSentError.

        Cancelled: a request that had not left will not leave; of one that had, the answer is dropped.
        """
        self._wanted += 1
        try:
            return await self._exchange(slot)
        finally:
            self._let_go()

    async def attach(self, slot: AwaitedSlot) -> None:
        """As `ask`, for a submit whose job we want to hear of.

        After it, and only then, the caller must `leave`.
        """
        self._wanted += 1
        try:
            await self._exchange(slot)
        except BaseException:
            self.leave(slot)
            raise

    async def post(self, slot: AwaitedSlot) -> None:
        """Returns when the request has its place in the queue; raises NotSentError. The caller may `wait` on the slot.

        Cancelled: it was not posted. No checkpoint if there is room, so that requests which are posted one behind
        the other leave in one send.
        """
        if self._loss is not None:
            raise NotSentError
        self._wanted += 1
        slot.when_settled = self._let_go
        try:
            self._queue.send_nowait(slot)
        except trio.WouldBlock:
            try:
                await self._queue.send(slot)
            except BaseException:
                self._let_go()
                raise

    def leave(self, slot: AwaitedSlot) -> None:
        """The caller wants no more news of this job.

        A Gearman server drops a waited-for job when the connection that waits goes away, and at no other sign
        that would not also hit others who wait for it. So a job left before its end makes this connection
        retire: it takes no new requests and closes when the last of the others it carries is done.
        """
        if slot.clings and slot.attachment is not None:
            slot.attachment.forget()
            self._retiring = True
        self._let_go()

    @trio.lowlevel.enable_ki_protection
    def close(self, loss: Loss) -> None:
        """Ends the connection now and tells everybody who waits on it. Does nothing the second time."""
        if self._loss is not None:
            return
        self._loss = loss
        self._demultiplexer.lose(loss)
        while True:  # those in the queue, and those who wait to get into it
            try:
                self._requests.receive_nowait().settle(loss)
            except trio.WouldBlock:
                break
        self._requests.close()
        self._scope.cancel()

    def _let_go(self) -> None:
        self._wanted -= 1
        if self._retiring and self._wanted == 0:
            self.close(Loss(self.server, "closed to drop jobs that nobody waits for any more"))

    async def _exchange(self, slot: AwaitedSlot) -> Answer:
        try:
            if self._loss is not None:
                raise NotSentError
            await self._queue.send(slot)
            return await slot.wait()
        finally:
            slot.abandoned = True

    @trio.lowlevel.enable_ki_protection
    async def _write(self) -> None:
        try:
            while True:
                # Room first: a request in our hand, neither queued nor sent, would miss the connection's end.
                while self._demultiplexer.unanswered >= self._in_flight:
                    await self._room.park()
                slot = await self._requests.receive()
                if self._loss is not None:  # it was handed to us in the moment in which the connection ended
                    slot.settle(self._loss)
                    return
                await self._stream.send_all(self._batch(slot))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self.close(Loss(self.server, str(error) or "the server hung up"))

    def _batch(self, slot: AwaitedSlot) -> bytes:
        """The bytes of this request and of those that wait behind it; from here on they count as sent."""
        pieces: list[bytes] = []
        size = 0
        while True:
            if not slot.abandoned:
                slot.sent = True
                self._demultiplexer.expect(slot)
                pieces.append(slot.data)
                size += len(slot.data)
            if size >= BATCH_BYTES or self._demultiplexer.unanswered >= self._in_flight:
                break
            try:
                slot = self._requests.receive_nowait()
            except trio.WouldBlock:
                break
        return b"".join(pieces)

    def _receive_what_is_here(self) -> None:
        """The rest of a burst, without a checkpoint for each packet; a read is 64 kB at most, so it has an end."""
        while True:
            try:
                packet = self._packets.receive_nowait()
            except trio.WouldBlock:
                return
            self._demultiplexer.receive(packet)

    async def _read(self) -> None:
        self.close(Loss(self.server, await self._read_to_the_end()))

    async def _read_to_the_end(self) -> str:
        """Hands out packets until no more can come, and returns why."""
        try:
            while True:
                self._demultiplexer.receive(await self._packets.receive())
                self._receive_what_is_here()
                self._room.unpark()
        except trio.EndOfChannel:
            return "the server hung up"
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            return str(error) or "the connection broke"
        except (RemoteProtocolError, OutOfStepError) as error:
            return f"the server broke the protocol: {error}"
