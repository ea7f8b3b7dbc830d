"""The ears of a broker that serves nobody: an import uses a store as a broker does, and has neither peers nor runs."""

from collections.abc import Sequence

from persistence import Function, JobId, Mail


class Deaf:
    """`persistence.StoreEvents` that have no effect."""

    def work_noticed(self, function: Function, priority: int) -> None:
        """Nobody here works."""

    def reconnected(self, functions: Sequence[Function]) -> None:
        """What was posted is repeated by the store."""

    def away(self, functions: Sequence[Function]) -> None:
        """What is posted waits there."""

    def batch_done(self) -> None:
        """Nobody here waits to be written to."""

    def fenced(self) -> None:
        """Nothing was handed to us."""

    def mail_came(self, function: Function, mail: Mail) -> None:
        """Nobody here listens."""

    def audience_changed(self, function: Function, job: JobId) -> None:
        """Nothing runs here."""

    def cancelled(self, function: Function, job: JobId) -> None:
        """Nothing runs here."""

    def runs_here(self, function: Function, job: JobId, attempt: int) -> bool:
        """Nothing does."""
        return False

    def awaited(self, function: Function) -> list[JobId]:
        """Nothing is."""
        return []

    def awaited_is_gone(self, function: Function, job: JobId) -> None:
        """Nobody waits."""
