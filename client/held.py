"""An exception that is carried around a nursery instead of through it."""

from types import TracebackType
from typing import Self

__all__ = ["HeldException"]


class HeldException:
    """Holds what its block raises, cancellation included, until `let_go`; forgetting to call that loses it.

    A nursery puts whatever its block raises into a group, for its tasks may have something to say as well. The
    tasks of a client have not, so the caller's exception passes beside their nursery: it stays the object it
    is, and so does a group of the caller's own.
    """

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        self.error = error
        return True

    def let_go(self) -> None:
        """Raises what was held, if anything was."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # else the traceback would hold this frame, and this frame the traceback
