"""One connection, used by one caller at a time: what is asked on it is read to the end, or it is never used again."""

import os
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from client.admin_commands import Command
from client.blocking.deadline import Deadline
from client.demultiplexer import Demultiplexer, OutOfStepError
from client.errors import ConnectionLostError
from client.loss import Loss
from client.slot import Answer, Slot
from client.text_replies import Reply
from protocol import CLOSED, Connection, RemoteProtocolError, Role, Signal

__all__ = ["Line"]

AnswerT = TypeVar("AnswerT")

READ_BYTES = 64 * 1024


class Line:
    """A connection, from its first byte to its loss.

    A loss is not raised where it is noticed: whoever waits on the line is told, as its slots and attachments are
    settled. Whatever else ends an exchange (time that is up, a KeyboardInterrupt) leaves the line out of step, and then
    its owner must close it.
    """

    def __init__(self, connected: socket.socket, server: str, *, max_body: int) -> None:
        self.server = server
        self._socket = connected
        self._packets = Connection(Role.PEER, max_body=max_body)
        self._demultiplexer = Demultiplexer()
        self._process = os.getpid()
        self._in_step = True
        self._lost = False

    @property
    def reusable(self) -> bool:
        """All that was asked here was answered, and nothing is owed to anybody."""
        return self._in_step and not self._lost and self._process == os.getpid()

    @property
    def lost(self) -> bool:
        """Nothing more can be asked here."""
        return self._lost

    def close(self) -> None:
        """Ends the connection. In a child of the process that opened it, it lives on in the parent."""
        self._lost = True
        if self._process == os.getpid():
            with suppress(OSError):  # it was closed before, or by the server
                self._socket.shutdown(socket.SHUT_RDWR)  # a child may have a copy, and the server would hear of no end
        self._socket.close()

    def is_alive(self) -> bool:
        """Did nothing end it while it lay idle? News of jobs that were over is dropped."""
        self._in_step = False
        try:
            self._socket.settimeout(0)
            while not self.lost:
                self._packets.receive_data(self._socket.recv(READ_BYTES))
                while self._hand_out_one():
                    pass
        except (BlockingIOError, ssl.SSLWantReadError):
            self._in_step = True
        except OSError as error:
            self._lose(str(error))
        return not self._lost

    def ask(self, slot: Slot, deadline: Deadline) -> Answer:
        """Sends a request and waits for its answer; raises as `Slot.answer` does, or TimedOutError.

        Of a submit whose job one wants to hear of, the rest comes by `pump`, and `finish` must be called in the end.
        """
        self.send([slot], deadline)
        while not slot.settled:
            self.pump(deadline)
        if not slot.clings:
            self.finish()
        return slot.answer()

    def send(self, slots: Sequence[Slot], deadline: Deadline) -> None:
        """Sends requests, whose answers come by `pump`; raises TimedOutError."""
        self._must_be_ours()
        self._in_step = False
        unsent = memoryview(b"".join([slot.data for slot in slots]))
        try:
            while unsent:
                self._socket.settimeout(deadline.left())
                unsent = unsent[self._socket.send(unsent) :]
                if not slots[0].sent:
                    self._expect(slots)
        except OSError as error:
            self._fail(error, deadline, unsent=slots)

    def pump(self, deadline: Deadline) -> None:
        """Hands out the next packet, after waiting for it if it is not here; raises TimedOutError."""
        self._must_be_ours()
        try:
            while not self._lost and not self._hand_out_one():
                self._socket.settimeout(deadline.left())
                self._packets.receive_data(self._socket.recv(READ_BYTES))
        except OSError as error:
            self._fail(error, deadline)

    def finish(self) -> None:
        """Whatever was asked here has been answered to the end."""
        self._in_step = True

    def ask_in_text(self, command: Command[AnswerT], deadline: Deadline) -> AnswerT:
        """One text command and its reply. The line is of no further use: news of jobs would look like text."""
        self._in_step = False
        reply = Reply(self.server, command.is_whole)
        try:
            self._socket.settimeout(deadline.left())
            self._socket.sendall(command.data)
            while not reply.whole:
                self._socket.settimeout(deadline.left())
                reply.take(self._socket.recv(READ_BYTES))
        except OSError as error:
            self._fail(error, deadline)
            raise reply.lost(str(error)) from error
        return command.read(bytes(reply.data))

    def _hand_out_one(self) -> bool:
        """False if nothing whole is here, or will ever be."""
        if self._lost:
            return False
        try:
            event = self._packets.next_event()
            if event is CLOSED:
                self._lose("the server hung up")
            elif isinstance(event, Signal):
                return False
            else:
                self._demultiplexer.receive(event)
        except (RemoteProtocolError, OutOfStepError) as error:
            self._lose(f"the server broke the protocol: {error}")
        return True

    def _lose(self, reason: str, *, unsent: Sequence[Slot] = ()) -> None:
        loss = Loss(self.server, reason)
        self.close()
        self._demultiplexer.lose(loss)
        for slot in unsent:
            if not slot.settled:
                slot.settle(loss)

    def _expect(self, slots: Sequence[Slot]) -> None:
        """From its first byte on, all of it counts as sent."""
        for slot in slots:
            slot.sent = True
            self._demultiplexer.expect(slot)

    def _fail(self, error: OSError, deadline: Deadline, *, unsent: Sequence[Slot] = ()) -> None:
        if isinstance(error, TimeoutError) and error.errno is None:  # ours; the kernel's own has a number
            raise deadline.passed(f"no answer from {self.server}") from error
        self._lose(str(error), unsent=unsent)

    def _must_be_ours(self) -> None:
        if self._process != os.getpid():
            raise ConnectionLostError(
                f"the connection to {self.server} was opened before this process was forked, and stays with its parent"
            )
