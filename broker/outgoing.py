"""What waits to be written to one peer: answers in the order of their requests, and news in between.

A request whose answer must wait for the store *promises* a place; whatever is said later waits behind it, so that
pipelined requests are answered in order, and a JOB_CREATED leaves before anything else of its job.
"""

from collections import deque

from persistence.pieces import LONG_BYTES, few


class Promise:
    """A place in the order of answers, kept for one that is not known yet."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data: bytes | None = None


class Outgoing:
    """Bytes for one peer. Decides what may leave; sends nothing."""

    __slots__ = ("_ready", "promises", "size")

    def __init__(self) -> None:
        self._ready: list[bytes] = []
        self.promises: deque[Promise] = deque()
        """The places taken, by answers to come or by what waits behind them."""
        self.size = 0
        """Bytes that wait, those behind a promise included."""

    def say(self, data: bytes) -> None:
        """Append, behind everything said and promised so far."""
        self.size += len(data)
        if self.promises:
            promise = Promise()
            promise.data = data
            self.promises.append(promise)
        else:
            self._ready.append(data)

    def promise(self) -> Promise:
        """Keep a place for an answer."""
        promise = Promise()
        self.promises.append(promise)
        return promise

    def keep(self, promise: Promise, data: bytes) -> None:
        """Put the answer into its place; what waited behind it alone may leave now."""
        self.size += len(data)
        promise.data = data
        promises = self.promises
        while promises and (ready := promises[0].data) is not None:
            self._ready.append(ready)
            promises.popleft()

    def is_due(self, promise: Promise) -> bool:
        """Whether all that was said and promised before this has left."""
        return not self._ready and bool(self.promises) and self.promises[0] is promise

    def begin(self, promise: Promise, data: bytes) -> None:
        """Let a part of an answer that is due leave; what was said behind it still waits for the rest."""
        assert self.promises[0] is promise
        self.size += len(data)
        self._ready.append(data)

    def take(self) -> list[bytes]:
        """All that may leave now, in one piece if none is long; it counts as gone."""
        pieces = self._ready
        if not pieces:
            return pieces
        self._ready = []
        if len(pieces) > 1:
            pieces = [b"".join(pieces)] if self.size <= LONG_BYTES else few(pieces)
        for piece in pieces:
            self.size -= len(piece)
        return pieces
