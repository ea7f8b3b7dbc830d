"""Who waits here for which job: the clients that are sent what a foreground job says and how it ends."""

from collections import defaultdict

from broker.session import Session
from persistence import Function, JobId


class Audience:
    """Clients by the job they wait for. One that submitted a job twice hears everything twice, as in gearmand."""

    def __init__(self) -> None:
        self._listeners: dict[JobId, list[Session]] = {}
        self._handles: dict[JobId, bytes] = {}
        self._functions: dict[JobId, Function] = {}
        self._of_function: defaultdict[bytes, dict[JobId, None]] = defaultdict(dict)
        self._of_session: defaultdict[Session, dict[JobId, None]] = defaultdict(dict)

    def attach(self, session: Session, function: Function, job: JobId, handle: bytes) -> None:
        """This client waits for that job."""
        self._listeners.setdefault(job, []).append(session)
        self._handles[job] = handle
        self._functions[job] = function
        self._of_function[function.name][job] = None
        self._of_session[session][job] = None

    def listeners(self, job: JobId) -> list[Session]:
        """Who waits for a job; one entry per submit."""
        return self._listeners.get(job, [])

    def handle(self, job: JobId) -> bytes:
        """The handle under which a job that is waited for was announced."""
        return self._handles[job]

    def end(self, job: JobId) -> list[Session]:
        """The job is over: nobody waits for it any more. Returns who did."""
        listeners = self._listeners.pop(job, [])
        if listeners:
            for session in listeners:
                self._of_session[session].pop(job, None)
                if not self._of_session[session]:
                    del self._of_session[session]
            self._drop(job)
        return listeners

    def leave(self, session: Session) -> list[tuple[Function, JobId]]:
        """This client is gone. Returns the jobs that nobody waits for here any more."""
        alone = []
        for job in self._of_session.pop(session, {}):
            left = [other for other in self._listeners[job] if other is not session]
            if left:
                self._listeners[job] = left
            else:
                alone.append((self._functions[job], job))
                del self._listeners[job]
                self._drop(job)
        return alone

    def awaited(self, function: Function) -> list[JobId]:
        """The jobs of a function that somebody waits for."""
        return list(self._of_function.get(function.name, ()))

    def _drop(self, job: JobId) -> None:
        function = self._functions.pop(job)
        del self._handles[job]
        jobs = self._of_function[function.name]
        del jobs[job]
        if not jobs:
            del self._of_function[function.name]
