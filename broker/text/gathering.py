"""A reply of any length: gathered first, then sent without a pause, in bounded memory.

gearadmin looks for no last line: it stops reading after five milliseconds of silence, and a listing that is read from
Redis page by page has such gaps (docs/decisions/0022-long-listings.md).
"""

import zlib
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Final

import trio

from broker.outgoing import Promise
from broker.session import Session
from broker.text.replies import END_OF_LIST
from persistence import StoreError

BLOCK_BYTES: Final = 131_072
"""So much is compressed at a time: about a millisecond."""
PART_BYTES: Final = 1_048_576
"""So much leaves in one write. What is gathered beyond that is compressed."""
MOST_GATHERED_BYTES: Final = 16 * 1024 * 1024
"""Some two million jobs, compressed. The beginning of a longer reply leaves before its end is known."""
FASTEST: Final = 1
STALLED_SECONDS: Final = 60.0
"""How long a peer may take to read one part."""


class Gathered:
    """Bytes in the order in which they came; behind the first part, compressed."""

    def __init__(self) -> None:
        self._open = bytearray()
        self._plain: deque[bytes] = deque()
        self._compressed: deque[bytes] = deque()
        self.size = 0
        """How much memory it takes."""

    def put(self, data: bytes) -> None:
        """Append."""
        self._open += data
        self.size += len(data)
        if len(self._open) >= BLOCK_BYTES:
            self._close_block()

    def _close_block(self) -> None:
        block, self._open = bytes(self._open), bytearray()
        if not self._compressed and len(self._plain) < PART_BYTES // BLOCK_BYTES:
            self._plain.append(block)
        else:
            compressed = zlib.compress(block, FASTEST)
            self.size -= len(block) - len(compressed)
            self._compressed.append(compressed)

    def take(self) -> bytes:
        """The next part, from the front; nothing when all was taken."""
        part: list[bytes] = []
        length = 0
        while length < PART_BYTES and (block := self._next()):
            part.append(block)
            length += len(block)
        return b"".join(part)

    def _next(self) -> bytes:
        if self._plain:
            block = self._plain.popleft()
            self.size -= len(block)
        elif self._compressed:
            compressed = self._compressed.popleft()
            self.size -= len(compressed)
            block = zlib.decompress(compressed)
        else:
            block, self._open = bytes(self._open), bytearray()
            self.size -= len(block)
        return block


async def gather_and_send(
    session: Session,
    promise: Promise,
    pages: AsyncGenerator[bytes, None],
    hoping: Callable[[], AbstractContextManager[None]],
) -> None:
    """Keep a promise with what the pages say, and the end of a list. `hoping` ends the wait for one when it is in vain.

    Raises StoreError when a page cannot be had and nothing was said yet. If something was, the connection ends, for
    its peer could not tell the rest of the list from another reply.
    """
    if not session.hears():
        return  # of a thousand lists that who is gone has asked for, none is looked up
    gathered = Gathered()
    begun = False
    try:
        with hoping():
            async with aclosing(pages):
                async for page in pages:
                    gathered.put(page)
                    while gathered.size > MOST_GATHERED_BYTES and session.hears():
                        begun = True
                        await _begin(session, promise, gathered.take())
                    if not session.hears():
                        return
    except StoreError as error:
        if not begun:
            raise
        session.drop(f"the rest of a listing cannot be had: {error}")
        return
    gathered.put(END_OF_LIST)
    part, following = gathered.take(), gathered.take()
    if begun or following:
        while part and session.hears():
            await _begin(session, promise, part)
            part, following = following, gathered.take()
        await _begin(session, promise, b"")  # returns when the last part has left, and makes room for what follows
    session.keep_bytes(promise, part)


async def _begin(session: Session, promise: Promise, part: bytes) -> None:
    with trio.move_on_after(STALLED_SECONDS) as patience:
        await session.begin_bytes(promise, part)
    if patience.cancelled_caught:
        session.drop("it does not read the listing that it asked for")
