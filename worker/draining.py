"""The wish to stop once running jobs are done, as all connections of a worker hear it."""

from types import TracebackType

import trio

__all__ = ["Drain", "Interruptible"]


class Drain:
    """Begins once, and cuts short whatever was waiting only for more to do."""

    def __init__(self) -> None:
        self._begun = False
        self._scopes: set[trio.CancelScope] = set()

    @property
    def begun(self) -> bool:
        """No more jobs are wanted."""
        return self._begun

    def begin(self) -> None:
        """Says so. Does nothing the second time."""
        self._begun = True
        for scope in tuple(self._scopes):
            scope.cancel()

    def interrupts(self) -> "Interruptible":
        """A block that is left when the drain begins, or at its first checkpoint if it has."""
        return Interruptible(self._scopes, begun=self._begun)


class Interruptible:
    """The block of `Drain.interrupts`."""

    def __init__(self, scopes: set[trio.CancelScope], *, begun: bool) -> None:
        self._scopes = scopes
        self._scope = trio.CancelScope()
        if begun:
            self._scope.cancel()

    def __enter__(self) -> None:
        self._scopes.add(self._scope)
        self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._scopes.discard(self._scope)
        return self._scope.__exit__(kind, error, traceback)
