"""Why a connection is over, and the error that each of those who waited on it is told."""

from dataclasses import dataclass

from client.errors import ConnectionLostError

__all__ = ["Loss"]


@dataclass(frozen=True, slots=True)
class Loss:
    """The end of one connection. Every waiter makes its own exception of it: tracebacks cannot be shared."""

    server: str
    reason: str
    closed: type[Exception] | None = None
    """The client was closed while others still waited on it, and this is what they are told."""

    def error(self, known: str, handle: bytes | None = None) -> Exception:
        """What to raise; `known` says what is known about the request or job in question."""
        if self.closed is not None:
            return self.closed(f"the client of {self.server} was closed: {known}")
        return ConnectionLostError(f"lost the connection to {self.server} ({self.reason}): {known}", handle)
