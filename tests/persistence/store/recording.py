"""What a store tells its broker, kept."""

from collections import defaultdict
from collections.abc import Sequence

from persistence import Function, JobId, Mail


class Recording:
    """`StoreEvents` that keeps what it hears, and says of runs and waiting clients what the test put in.

    Attributes:
        notices: (function, priority) of each.
        mails: in the order in which they came.
        gone: awaited jobs that were said to be no more.
        audience: jobs of which it was said that somebody elsewhere listens.
        cancellations: running jobs of which it was said that they were cancelled.
        runs: (job, attempt) of what runs here.
        waiting: function -> the jobs that clients here wait for.
    """

    def __init__(self) -> None:
        self.notices: list[tuple[bytes, int]] = []
        self.mails: list[Mail] = []
        self.gone: list[JobId] = []
        self.audience: list[JobId] = []
        self.cancellations: list[JobId] = []
        self.reconnects = 0
        self.aways: list[bytes] = []
        self.fences = 0
        self.batches = 0
        self.runs: set[tuple[JobId, int]] = set()
        self.waiting: defaultdict[bytes, list[JobId]] = defaultdict(list)

    def work_noticed(self, function: Function, priority: int) -> None:
        self.notices.append((function.name, priority))

    def reconnected(self, functions: Sequence[Function]) -> None:
        self.reconnects += 1

    def away(self, functions: Sequence[Function]) -> None:
        self.aways += [function.name for function in functions]

    def batch_done(self) -> None:
        self.batches += 1

    def fenced(self) -> None:
        self.fences += 1

    def mail_came(self, function: Function, mail: Mail) -> None:
        self.mails.append(mail)

    def audience_changed(self, function: Function, job: JobId) -> None:
        self.audience.append(job)

    def cancelled(self, function: Function, job: JobId) -> None:
        self.cancellations.append(job)

    def runs_here(self, function: Function, job: JobId, attempt: int) -> bool:
        return (job, attempt) in self.runs

    def awaited(self, function: Function) -> list[JobId]:
        return list(self.waiting[function.name])

    def awaited_is_gone(self, function: Function, job: JobId) -> None:
        if job in self.waiting[function.name]:
            self.waiting[function.name].remove(job)
            self.gone.append(job)
