"""Whether a request is asked once more after its answer was lost."""

from client.errors import CannotConnectError, ConnectionLostError

__all__ = ["Repeating"]


class Repeating:
    """One request's losses: the first is met by asking again if that is safe, the second is told."""

    def __init__(self, repeatable: bool) -> None:
        self._repeatable = repeatable
        self._lost: ConnectionLostError | None = None

    def after(self, loss: ConnectionLostError) -> None:
        """Returns if it may be asked again, else raises the loss."""
        if self._lost is not None or not self._repeatable:
            raise loss
        self._lost = loss

    def instead_of(self, unreachable: CannotConnectError) -> CannotConnectError | ConnectionLostError:
        """What to raise: of one that was sent once, "nothing was sent" would be untrue."""
        return self._lost or unreachable
