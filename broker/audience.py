"""Who waits here for which job: the clients that are sent what a foreground job says and how it ends.

Jobs go by their handles here. An id names a job only within its function.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from broker.session import Session
from persistence import Function, JobId


@dataclass(eq=False, slots=True)
class Awaited:
    """A job that clients here wait for."""

    function: Function
    id: JobId
    listeners: list[Session] = field(default_factory=list)
    """One entry per submit."""


class Audience:
    """Clients by the job they wait for. One that submitted a job twice hears everything twice, as in gearmand."""

    def __init__(self) -> None:
        self._jobs: dict[bytes, Awaited] = {}
        self._of_function: defaultdict[bytes, dict[JobId, None]] = defaultdict(dict)
        self._of_session: defaultdict[Session, dict[bytes, None]] = defaultdict(dict)

    def attach(self, session: Session, function: Function, job: JobId, handle: bytes) -> None:
        """This client waits for that job."""
        awaited = self._jobs.get(handle)
        if awaited is None:
            awaited = self._jobs[handle] = Awaited(function, job)
            self._of_function[function.name][job] = None
        awaited.listeners.append(session)
        self._of_session[session][handle] = None

    def listeners(self, handle: bytes) -> list[Session]:
        """Who waits for a job; one entry per submit."""
        awaited = self._jobs.get(handle)
        return awaited.listeners if awaited is not None else []

    def end(self, handle: bytes) -> list[Session]:
        """The job is over: nobody waits for it any more. Returns who did."""
        awaited = self._jobs.get(handle)
        if awaited is None:
            return []
        for session in awaited.listeners:
            handles = self._of_session.get(session)
            if handles is not None:
                handles.pop(handle, None)
                if not handles:
                    del self._of_session[session]
        self._forget(handle, awaited)
        return awaited.listeners

    def leave(self, session: Session) -> list[bytes]:
        """This client is gone. Returns the handles of what it waited for, each to be given to `wait_no_more`."""
        return list(self._of_session.pop(session, ()))

    def wait_no_more(self, session: Session, handles: Sequence[bytes]) -> list[Awaited]:
        """Forget that a client that is gone waited for these. Returns the jobs that nobody waits for here any more."""
        alone = []
        for handle in handles:
            awaited = self._jobs.get(handle)
            if awaited is None:
                continue  # it was over meanwhile
            awaited.listeners = [other for other in awaited.listeners if other is not session]
            if not awaited.listeners:
                alone.append(awaited)
                self._forget(handle, awaited)
        return alone

    def awaited(self, function: Function) -> Collection[JobId]:
        """The jobs of a function that somebody waits for, as it is now: a copy of a million is not made for a look."""
        return self._of_function.get(function.name, {}).keys()

    def _forget(self, handle: bytes, awaited: Awaited) -> None:
        del self._jobs[handle]
        jobs = self._of_function[awaited.function.name]
        del jobs[awaited.id]
        if not jobs:
            del self._of_function[awaited.function.name]
