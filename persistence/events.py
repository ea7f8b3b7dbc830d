"""What the store tells the broker without being asked. All calls are synchronous and happen in stream order."""

from collections.abc import Collection, Sequence
from typing import Protocol

from persistence.functions import Function
from persistence.jobs import Mail
from persistence.records import JobId


class StoreEvents(Protocol):
    """The broker's ears."""

    def work_noticed(self, function: Function, priority: int) -> None:
        """A job of this function may have become claimable at this priority."""

    def reconnected(self, functions: Sequence[Function]) -> None:
        """These are there (again): notices may have been missed, so any may hold work. As yet, nothing can be asked."""

    def away(self, functions: Sequence[Function]) -> None:
        """These cannot be asked for now, though others can; `reconnected` will tell when they can be again."""

    def batch_done(self) -> None:
        """All that one read from Redis brought has been told: the time to write to peers."""

    def fenced(self) -> None:
        """We were taken for lost: jobs handed to us and not begun are no longer ours."""

    def mail_came(self, function: Function, mail: Mail) -> None:
        """A broker elsewhere says something of a job that clients here wait for."""

    def audience_changed(self, function: Function, job: JobId) -> None:
        """Somebody at another broker listens to a job that may be running here."""

    def cancelled(self, function: Function, job: JobId) -> None:
        """A job that may run here was cancelled: what its worker still says of it concerns nobody."""

    def runs_here(self, function: Function, job: JobId, attempt: int) -> bool:
        """Whether this run is known here; if not, it is given back.

        (An id alone names no job: each function counts for itself.)
        """

    def awaited(self, function: Function) -> Collection[JobId]:
        """The jobs of a function that clients here wait for, as it is now: to be looked at, and copied to be kept."""

    def awaited_is_gone(self, function: Function, job: JobId) -> None:
        """Clients here wait for a job that the store does not hold, and nothing was said of its end.

        May be told twice, and of a job that nobody here waits for any more.
        """
