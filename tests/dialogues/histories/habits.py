"""The rules in which the servers differ: see docs/compatibility.md."""

from collections.abc import Iterable
from typing import Final

from tests.dialogues.histories.rules import ENDS, NOT_FOUND, Rules
from tests.dialogues.histories.state import Connection, Job
from tests.dialogues.notation import GEARMAND, OURS

__all__ = ["RULES", "Gearmand", "Ours"]


class Gearmand(Rules):
    """gearmand 1.1.20."""

    def can_do(self, by: Connection, function: str) -> None:
        self.function(function)
        by.functions.insert(0, function)

    def cant_do(self, by: Connection, function: str) -> None:
        self._forget(by, [known for known in by.functions if known == function])

    def reset(self, by: Connection) -> None:
        self._forget(by, list(by.functions))

    def _forget(self, by: Connection, functions: Iterable[str]) -> None:
        for function in functions:
            for job in reversed([run for run in by.runs if run.function == function]):
                self.enqueue(job)  # which may wake this very worker
            by.functions.remove(function)

    def sleep(self, by: Connection) -> None:
        while (job := self._first(by)) is not None:
            if not job.ignored:
                self.say(by, "NOOP")
                return
            self.remove(job)
        by.sleeps = True

    def hang_up(self, by: Connection) -> None:
        self.reset(by)
        del self.connections[by.name]
        for job in [job for job in self.jobs.values() if by in job.clients]:
            job.clients = [client for client in job.clients if client is not by]
            job.ignored = job.ignored or not job.clients

    def choose(self, by: Connection) -> Job | None:
        while (job := self._first(by)) is not None:
            if not job.ignored:
                self.begin(by, job)
                return job
            self.remove(job)
        return None

    def _first(self, by: Connection) -> Job | None:
        jobs = (self.function(name).first() for name in by.functions)
        return next((job for job in jobs if job is not None), None)

    def wake(self, function: str) -> None:
        for connection in self.connections.values():
            if connection.sleeps and not connection.woken and function in connection.functions:
                connection.woken = True
                self.say(connection, "NOOP")

    def joins_in_background(self, job: Job) -> None:
        pass

    def cancel(self, job: Job) -> None:
        job.ignored = True

    def takes_late(self, by: Connection, kind: str, name: str) -> bool:
        self.say(by, "ERROR", "JOB_NOT_FOUND", NOT_FOUND[kind])
        return False

    def failed(self, name: str) -> str:
        return f"{name}\0"


class Ours(Rules):
    """Our broker. Whom it wakes is not foretold, but looked at: see `playing.py`."""

    def can_do(self, by: Connection, function: str) -> None:
        self.function(function)
        if function not in by.functions:
            by.functions.insert(0, function)

    def cant_do(self, by: Connection, function: str) -> None:
        by.functions = [known for known in by.functions if known != function]
        self._lose([run for run in by.runs if run.function == function])

    def reset(self, by: Connection) -> None:
        by.functions.clear()
        self._lose(list(by.runs))

    def _lose(self, runs: list[Job]) -> None:
        for job in reversed(runs):
            if job.background or job.clients:
                self.enqueue(job)
            else:
                self.remove(job)

    def sleep(self, by: Connection) -> None:
        by.sleeps, by.woken = True, False

    def hang_up(self, by: Connection) -> None:
        del self.connections[by.name]
        for job in [job for job in self.jobs.values() if by in job.clients]:
            job.clients = [client for client in job.clients if client is not by]
            if not job.clients and not job.background and job.runner is None:
                self.remove(job)
        self.reset(by)

    def choose(self, by: Connection) -> Job | None:
        jobs = [job for name in by.functions if (job := self.function(name).first()) is not None]
        if not jobs:
            return None
        job = min(jobs, key=lambda job: job.priority)
        self.begin(by, job)
        by.functions.remove(job.function)
        by.functions.append(job.function)
        return job

    def wake(self, function: str) -> None:
        pass

    def joins_in_background(self, job: Job) -> None:
        job.background = True

    def cancel(self, job: Job) -> None:
        self.remove(job)

    def takes_late(self, by: Connection, kind: str, name: str) -> bool:
        if name not in by.had:
            self.say(by, "ERROR", "JOB_NOT_FOUND", NOT_FOUND[kind])
        job = self.jobs.get(name)
        if name not in by.had or job is None or kind not in ENDS:
            return False
        return kind == "WORK_COMPLETE" or by.had[name] == job.attempt


RULES: Final[dict[str, type[Rules]]] = {OURS: Ours, GEARMAND: Gearmand}
