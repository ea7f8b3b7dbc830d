"""One connection of a dialogue."""

import uuid
from collections import deque
from typing import Final

import trio

from tests.dialogues.spelling import HEADER_BYTES, TEXT, Heard, name_of, packet

__all__ = ["CLOSED", "Peer"]

RECEIVE_BYTES: Final = 65_536
CLOSED: Final = Heard("closed", b"")


class Peer:
    """Says bytes, hears packets and lines, and can tell that it has heard all there was."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.torn = False
        """Whether it may have sent half a packet, so that nothing more can be asked."""
        self.unsettled = False
        """Whether it has said something that the server need not have dealt with yet."""
        self.gone = False
        """Whether it hung up, or was hung up on, or has shut down its sending side."""
        self._stream = stream
        self._inbox: deque[Heard] = deque()
        self._buffer = b""

    async def say(self, data: bytes) -> None:
        """Say this in one write."""
        self.unsettled = True
        await self._stream.send_all(data)

    async def hear(self) -> Heard:
        """The next that was not heard yet; CLOSED when the server hung up, orderly or not."""
        heard = self._inbox.popleft() if self._inbox else await self._read()
        self.torn = False
        # The thread of gearmand that assigns a job sets its time limit after that, and the thread of the connection,
        # which keeps the time, looks at it when it next has something to do: so give it something.
        self.unsettled = heard.name.startswith("JOB_ASSIGN")
        self.gone = self.gone or heard is CLOSED
        return heard

    async def settle(self, handle: bytes | None) -> None:
        """Wait until the server has dealt with all that was said here.

        Answers come in order, so the answer to an echo is behind all others. The question after a job before it takes
        a broker that keeps its jobs elsewhere there and back.
        """
        nonce = uuid.uuid4().hex.encode()
        asked = b"" if handle is None else packet("GET_STATUS", [handle])
        await self._stream.send_all(asked + packet("ECHO_REQ", [nonce]))
        came: list[Heard] = []
        while (heard := await self._read()) != Heard("ECHO_RES", nonce):
            came.append(heard)
            if heard is CLOSED:
                self.gone = True
                break
        if handle is not None:
            answers = [index for index, one in enumerate(came) if one.name == "STATUS_RES"]
            if answers:
                del came[answers[-1]]
        self._inbox.extend(came)
        self.unsettled = False

    @property
    def unheard(self) -> list[Heard]:
        """What has come and was not asked for."""
        return list(self._inbox)

    async def hang_up(self) -> None:
        """End the connection, and wait until the server has closed its side."""
        await self.end()
        while await self._read() is not CLOSED:
            pass

    async def end(self) -> None:
        """Shut down the sending side."""
        self.gone = True
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the socket."""
        await trio.aclose_forcefully(self._stream)

    async def _read(self) -> Heard:
        while (heard := self._cut()) is None:
            try:
                data = await self._stream.receive_some(RECEIVE_BYTES)
            except trio.BrokenResourceError:
                return CLOSED
            if not data:
                return CLOSED
            self._buffer += data
        return heard

    def _cut(self) -> Heard | None:
        """The first whole packet or line of what has come."""
        if self._buffer[:1] not in (b"", b"\0"):
            line, end, rest = self._buffer.partition(b"\n")
            if not end:
                return None
            self._buffer = rest
            return Heard(TEXT, line + end)
        whole = HEADER_BYTES + int.from_bytes(self._buffer[8:12], "big")
        if len(self._buffer) < max(whole, HEADER_BYTES):
            return None
        said, self._buffer = self._buffer[:whole], self._buffer[whole:]
        magic = "" if said[:4] == b"\0RES" else f"{said[:4]!r}:"
        return Heard(magic + name_of(int.from_bytes(said[4:8], "big")), said[HEADER_BYTES:])
