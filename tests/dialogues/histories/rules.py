"""What a server answers, and what it tells others: the rules that gearmand and our broker have in common."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from typing import Final, TypeAlias

from tests.dialogues.histories.state import Connection, Function, Job

__all__ = ["ENDS", "Event", "Packet", "Rules"]

Packet: TypeAlias = tuple[str, ...]
"""A type and its arguments; `text` and a line. Jobs' names stand for their handles."""
Event: TypeAlias = tuple[str, ...]
"""What is heard, likewise; `list` and its rows in order."""

ENDS: Final = ("WORK_COMPLETE", "WORK_FAIL", "WORK_EXCEPTION")
NOT_FOUND: Final = {
    "WORK_STATUS": "Job given in work result not found",
    "WORK_COMPLETE": "Job given in work result not found",
    "WORK_FAIL": "Job given in work result not found",
    "WORK_DATA": "Job does not exist on server",
    "WORK_WARNING": "Job does not exist on server",
    "WORK_EXCEPTION": "An exception was received for a job that does not exist",
}
PRIORITIES: Final = {"HIGH": 0, "LOW": 2}


class Rules(ABC):
    """A server that does one thing at a time and never fails."""

    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}
        self.functions: dict[str, Function] = {}
        self.jobs: dict[str, Job] = {}
        """Those that are not over, the oldest first."""
        self.created: list[str] = []
        self.said: defaultdict[str, list[Event]] = defaultdict(list)
        """What each connection is told; whoever has looked at it clears it."""

    def connection(self, name: str) -> Connection:
        """The peer with this name, which may be new."""
        return self.connections.setdefault(name, Connection(name))

    def do(self, name: str, packet: Packet) -> None:
        """A peer says this."""
        by, (kind, *words) = self.connection(name), packet
        handlers: dict[str, Callable[..., None]] = {
            "CAN_DO": self.can_do,
            "CANT_DO": self.cant_do,
            "RESET_ABILITIES": self.reset,
            "PRE_SLEEP": self.sleep,
            "GET_STATUS": self._tell_status,
            "GET_STATUS_UNIQUE": self._tell_status_of_unique,
            "OPTION_REQ": self._set_option,
            "text": self._answer_text,
            "hang up": self.hang_up,
        }
        if kind.startswith("SUBMIT"):
            self._submit(by, kind, *words)
        elif kind.startswith("GRAB"):
            self._grab(by, kind)
        elif kind.startswith("WORK"):
            self._work(by, kind, *words)
        else:
            handlers[kind](by, *words)

    # --- where the servers differ -------------------------------------------------------------------------------

    @abstractmethod
    def can_do(self, by: Connection, function: str) -> None:
        """CAN_DO."""

    @abstractmethod
    def cant_do(self, by: Connection, function: str) -> None:
        """CANT_DO."""

    @abstractmethod
    def reset(self, by: Connection) -> None:
        """RESET_ABILITIES."""

    @abstractmethod
    def sleep(self, by: Connection) -> None:
        """PRE_SLEEP."""

    @abstractmethod
    def hang_up(self, by: Connection) -> None:
        """The end of a connection."""

    @abstractmethod
    def choose(self, by: Connection) -> Job | None:
        """The job that this worker is given."""

    @abstractmethod
    def wake(self, function: str) -> None:
        """There is one more job."""

    @abstractmethod
    def joins_in_background(self, job: Job) -> None:
        """A background submit joins a job."""

    @abstractmethod
    def cancel(self, job: Job) -> None:
        """An operator cancels a job; who waits for it has been told."""

    @abstractmethod
    def takes_late(self, by: Connection, kind: str, name: str) -> bool:
        """Whether what a worker says of a job that it does not run is relayed; tells the worker if that is a fault."""

    # --- what they have in common -------------------------------------------------------------------------------

    def say(self, to: Connection, *event: str) -> None:
        """Tell a peer."""
        self.said[to.name].append(event)

    def function(self, name: str) -> Function:
        """The function of this name, known from now on."""
        return self.functions.setdefault(name, Function())

    def enqueue(self, job: Job) -> None:
        """A job is there, or there again."""
        if job.runner is not None:
            job.runner.runs.remove(job)
            job.runner, job.progress = None, ("0", "0")
            job.retries += 1
        self.wake(job.function)
        self.function(job.function).queues[job.priority].append(job)

    def begin(self, by: Connection, job: Job) -> None:
        """A worker is given a job."""
        self.function(job.function).queues[job.priority].remove(job)
        by.runs.append(job)
        job.runner = by
        job.attempt += 1
        by.had[job.name] = job.attempt

    def remove(self, job: Job) -> None:
        """A job is over."""
        del self.jobs[job.name]
        if job.runner is not None:
            job.runner.runs.remove(job)
        else:
            self.function(job.function).queues[job.priority].remove(job)

    def _submit(self, by: Connection, kind: str, function: str, unique: str, *rest: str) -> None:
        words, *more, payload = kind.split("_"), *rest
        background = words[-1] in ("BG", "BACKGROUND", "EPOCH")
        self.function(function)
        job = self._holder(function, unique, payload)
        if job is None:
            name = f"J{len(self.created) + 1}"
            later, reducer = more == ["later"], more[0] if "REDUCE" in words else ""
            priority = next((PRIORITIES[word] for word in words if word in PRIORITIES), 1)
            job = Job(name, function, unique, payload, priority, background, later, reducer)
            self.jobs[name] = job
            self.created.append(name)
            self.enqueue(job)
        elif background:
            self.joins_in_background(job)
        if not background:
            job.clients.append(by)
        self.say(by, "JOB_CREATED", job.name)

    def _holder(self, function: str, unique: str, payload: str) -> Job | None:
        if not unique or (unique == "-" and not payload):
            return None
        same = (job for job in self.jobs.values() if (job.function, job.unique) == (function, unique))
        return next((job for job in same if unique != "-" or job.payload == payload), None)

    def _grab(self, by: Connection, kind: str) -> None:
        by.sleeps = by.woken = False
        job = self.choose(by)
        if job is None:
            self.say(by, "NO_JOB")
        elif kind == "GRAB_JOB":
            self.say(by, "JOB_ASSIGN", job.name, job.function, job.payload)
        elif kind == "GRAB_JOB_ALL" and job.reducer:
            self.say(by, "JOB_ASSIGN_ALL", job.name, job.function, job.unique, job.reducer, job.payload)
        else:
            self.say(by, "JOB_ASSIGN_UNIQ", job.name, job.function, job.unique, job.payload)

    def _work(self, by: Connection, kind: str, name: str, *rest: str) -> None:
        job = self.jobs.get(name)
        if (job is None or job.runner is not by) and not self.takes_late(by, kind, name):
            return
        assert job is not None
        for client in job.clients:
            if kind == "WORK_EXCEPTION" and not client.exceptions:
                self.say(client, "WORK_FAIL", self.failed(name))
            else:
                self.say(client, kind, name, *rest)
        if kind == "WORK_STATUS":
            job.progress = (rest[0], rest[1])
        if kind in ENDS:
            self.remove(job)

    def failed(self, name: str) -> str:
        """The handle in the WORK_FAIL that stands for an exception."""
        return name

    def _tell_status(self, by: Connection, name: str) -> None:
        self.say(by, "STATUS_RES", name, *self._status(self.jobs.get(name)))

    def _tell_status_of_unique(self, by: Connection, unique: str) -> None:
        job = next((job for job in reversed(self.jobs.values()) if job.unique == unique != "-"), None)
        self.say(by, "STATUS_RES_UNIQUE", unique, *self._status(job), str(len(job.clients) if job else 0))

    def _status(self, job: Job | None) -> tuple[str, str, str, str]:
        return ("0", "0", "0", "0") if job is None else ("1", str(int(job.runner is not None)), *job.progress)

    def _set_option(self, by: Connection, option: str) -> None:
        by.exceptions = True
        self.say(by, "OPTION_RES", option)

    def _answer_text(self, by: Connection, line: str) -> None:
        if line == "status":
            self.say(by, "list", *sorted(map(self._row, self.functions)))
        elif line == "show jobs":
            self.say(by, "list", *sorted(map(self.shown, self.jobs.values())))
        else:
            job = self.jobs.get(line.removeprefix("cancel job "))
            for client in [] if job is None else job.clients:
                self.say(client, "WORK_FAIL", line.removeprefix("cancel job "))
            if job is not None:
                self.cancel(job)
            self.say(by, "text", "ERR UNKNOWN_JOB" if job is None else "OK")

    def _row(self, name: str) -> str:
        jobs = [job for job in self.jobs.values() if job.function == name]
        workers = sum(connection.functions.count(name) for connection in self.connections.values())
        return f"{name} {len(jobs)} {sum(job.runner is not None for job in jobs)} {workers}"

    def shown(self, job: Job) -> str:
        """A row of show jobs."""
        ignored = job.ignored or not (job.background or job.clients)
        return f"{job.name} {job.retries} {int(ignored)} {int(job.background and not ignored)}"
