"""What keeps a defect of ours to the connection that met it."""

import logging
from types import TracebackType
from typing import TYPE_CHECKING

from broker.no_room import no_room

if TYPE_CHECKING:
    from broker.session import Session

log = logging.getLogger(__name__)


class FaultBarrier:
    """A defect met while serving one connection ends that connection, is logged, and ends nothing else."""

    __slots__ = ("_session",)

    def __init__(self, session: "Session") -> None:
        self._session = session

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        if isinstance(error, MemoryError) and (why := no_room(error)):
            self._session.drop(why, weight=logging.ERROR)  # no defect: the limit that an operator has set
            return True
        log.error(
            "a defect ended the connection of %s; please report it with these lines", self._session.name, exc_info=error
        )
        self._session.drop("its request met a defect of ours")
        return True
