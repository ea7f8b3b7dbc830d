"""A connection to the embedded Valkey server that is kept to hear when the server ends.

The end of a connection tells it at once and on every platform, whoever started the server. A process id
would have to be watched differently on each, and may be somebody else's by the time it is read.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import hiredis
import trio

from persistence.errors import EmbeddedStoreError
from persistence.own_limits import room_for_a_socket, with_room

RECEIVE_BYTES = 64 * 1024


class Lifeline:
    """One connection to the server, kept for as long as both live: its end is the server's end.

    Not for two tasks at a time.

    Attributes:
        pid: the server's process id, as it says.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._reader = hiredis.Reader()
        self.pid = 0

    @classmethod
    async def open(cls, socket: Path) -> Self | None:
        """Connect and learn the process id; None when nobody listens or the server ended on the way.

        A server that still loads its file answers too.

        Raises:
            EmbeddedStoreError: we have no room for one more connection, so nobody knows.
        """
        try:
            stream = await trio.open_unix_socket(str(socket))
        except OSError as error:
            _complain_of_no_room(socket, error)
            return None
        async with AsyncExitStack() as unless_it_answers:
            await unless_it_answers.enter_async_context(stream)
            line = cls(stream)
            try:
                line.pid = await line._ask_pid()
            except (trio.BrokenResourceError, trio.EndOfChannel) as error:
                _complain_of_no_room(socket, error.__cause__)
                return None
            unless_it_answers.pop_all()
            return line

    async def loading(self) -> bool:
        """True while the server reads its file, False once it serves.

        Raises:
            trio.BrokenResourceError, trio.EndOfChannel: the server has ended.
        """
        return isinstance(await self._ask(b"PING"), hiredis.ReplyError)

    async def gone(self) -> None:
        """Wait for the server's end, or for somebody who cuts this connection; `open` then tells which."""
        try:
            while await self._stream.receive_some(RECEIVE_BYTES):
                pass  # nothing was asked: what comes does not matter
        except trio.BrokenResourceError:
            return

    async def shut_down(self) -> None:
        """Tell the server to end, and wait until it hangs up. Cancelled, it may end nevertheless."""
        # NOW: wait for no replicas; FORCE: whatever goes wrong. What was answered is on the disk already.
        try:
            await self._stream.send_all(b"SHUTDOWN NOSAVE NOW FORCE\r\n")
        except trio.BrokenResourceError:
            return
        await self.gone()

    def close(self) -> None:
        """Hang up. The server goes on."""
        self._stream.socket.close()

    async def _ask_pid(self) -> int:
        info = await self._ask(b"INFO server")
        if isinstance(info, bytes):
            for line in info.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name == b"process_id":
                    return int(value)
        return 0

    async def _ask(self, command: bytes) -> object:
        await self._stream.send_all(command + b"\r\n")
        while (reply := self._reader.gets()) is False:
            data = await self._stream.receive_some(RECEIVE_BYTES)
            if not data:
                raise trio.EndOfChannel
            self._reader.feed(data)
        return reply


def _complain_of_no_room(socket: Path, error: BaseException | None) -> None:
    if error is not None and (remedy := room_for_a_socket(error)):
        raise EmbeddedStoreError(with_room(f"cannot connect to the embedded store at {socket}", error, remedy))
