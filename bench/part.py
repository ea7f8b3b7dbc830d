"""One process of a load. It is told its task on its standard input, and answers on its standard output.

Written for speed: one thread, one epoll set, and as little in Python for a packet as can be.
"""

import pickle
import resource
import select
import sys
import time
from collections import deque
from typing import Final

from bench.load import Figures, Shared, Task
from bench.peers import (
    HEADER_BYTES,
    JOB_ASSIGN_UNIQ,
    JOB_CREATED,
    NO_JOB,
    NOOP,
    PATIENCE_SECONDS,
    STAMP_BYTES,
    WORK_COMPLETE,
    WORK_STATUS,
    Client,
    Worker,
    length_of,
)

LOOK_SECONDS: Final = 0.02
"""Between two looks at what the other processes did."""
SECOND: Final = 1_000_000_000
LATENESS: Final = 100_000
"""Nanoseconds: a wait that is shorter is not worth a call."""


class UnexpectedPacketError(Exception):
    """The server said what it should not; the message is the packet's type."""


class Part:
    """Its connections, and what it sees."""

    def __init__(self, task: Task) -> None:
        self._load = load = task.load
        self._shared = Shared(task)
        self._seen = Figures()
        self._acknowledged = 0
        self._ends = 0
        self._most_open = (load.most_queued - load.queued_before) // len(task.places)
        self._epoll = select.epoll()  # before all sockets: select() takes low descriptors alone
        clients = [Client(task.address, load) for _ in range(load.clients)]
        workers = [Worker(task.address, load) for _ in range(load.workers)]
        self._sleepers = [_asleep(Worker(task.address, load)) for _ in range(load.sleepers)]
        self._clients = {client.socket.fileno(): client for client in clients}
        self._workers = {worker.socket.fileno(): worker for worker in workers}
        for number in (*self._clients, *self._workers):
            self._epoll.register(number, select.EPOLLIN)
        self._free = deque(clients)
        self._due = 0.0
        self._apart = SECOND / load.rate if load.rate else 0.0
        self._lag = self._apart * task.places.index(task.place) / len(task.places)

    def prepare(self) -> None:
        """Bring workers to where they wait for work, so that what this costs is not counted."""
        for worker in self._workers.values():
            worker.grab()
        answered = 0
        while not self._load.queued_before and answered < len(self._workers):
            answered += self._hear()

    def run(self) -> Figures:
        """Submit for the time given; then do what is left, if that is asked."""
        if self._sleepers:
            sys.stdin.buffer.read()  # until the other loads are over
            return self._seen
        seen, cpu = self._seen, time.process_time()
        seen.began = heard_at = time.monotonic_ns()
        self._ends = seen.began + int(self._load.seconds * SECOND)
        # Each submits in the gaps of the others, so that together they keep the pace, and not in step.
        self._due = seen.began + self._lag
        submits = bool(self._clients)
        while submits or not self._is_over():
            if submits:
                submits = self._submit()
                self._shared.tell(seen.submitted, seen.jobs)
                if not submits:
                    seen.done_meanwhile = seen.jobs
            if self._hear():
                heard_at = time.monotonic_ns()
                self._shared.tell(seen.submitted, seen.jobs)
            elif time.monotonic_ns() - heard_at > PATIENCE_SECONDS * SECOND:
                raise TimeoutError("the server fell silent")
        seen.cpu_seconds = time.process_time() - cpu
        return seen

    def _is_over(self) -> bool:
        if self._acknowledged < self._seen.submitted:
            return False
        self._shared.finish()
        if not self._load.drains:
            return time.monotonic_ns() >= self._ends or self._seen.submitted >= self._load.jobs
        return self._shared.all_finished() and self._shared.open_jobs() + self._load.queued_before <= 0

    def _submit(self) -> bool:
        """What may be submitted now. Returns whether more is to come."""
        now = time.monotonic_ns()
        if now >= self._ends or self._seen.submitted >= self._load.jobs:
            return False
        # A job done here makes room for a submit here: told of room by the others, it would submit in bursts.
        room = min(self._load.jobs, self._most_open + self._seen.jobs) - self._seen.submitted
        if self._apart:
            self._submit_due(now)
            return True
        while self._free and room > 0:
            client = self._free.popleft()
            client.free = False
            wanted = min(self._load.window - client.open, room)
            room -= wanted
            self._seen.submitted += wanted
            for _ in range(wanted):
                client.submit(time.monotonic_ns())
            self._release(client)
        return True

    def _submit_due(self, now: int) -> None:
        while self._due <= now and self._free:
            client = self._free.popleft()
            client.free = False
            client.submit(int(self._due))
            self._due += self._apart
            self._seen.submitted += 1
            self._release(client)

    def _release(self, client: Client) -> None:
        if not client.free and client.open < self._load.window:
            client.free = True
            self._free.append(client)

    def _hear(self) -> int:
        """Wait for what is said, at most until something else is to be done; returns how many spoke."""
        wait = LOOK_SECONDS
        if self._apart and self._free and self._due < self._ends:
            left = self._due - time.monotonic_ns()
            if left > LATENESS:  # epoll counts in whole milliseconds
                select.select([self._epoll], [], [], min(left / SECOND, LOOK_SECONDS))
            wait = 0
        ready = self._epoll.poll(wait)
        for number, _ in ready:
            if client := self._clients.get(number):
                self._client_hears(client)
            else:
                self._worker_hears(self._workers[number])
        return len(ready)

    def _client_hears(self, client: Client) -> None:
        data, at, seen = client.read(), 0, self._seen
        size, now, background = len(data), time.monotonic_ns(), self._load.background
        while size - at >= HEADER_BYTES and (end := at + HEADER_BYTES + length_of(data, at + 8)[0]) <= size:
            kind = data[at + 7]
            if kind == JOB_CREATED:
                self._acknowledged += 1
                seen.acknowledged_at = now
                seen.created.append(now - client.unanswered.popleft())
                client.open -= background
            elif kind == WORK_COMPLETE:
                stamp = data.index(0, at + HEADER_BYTES) + 1
                seen.completed.append(now - int(data[stamp : stamp + STAMP_BYTES]))
                seen.jobs += 1
                seen.ended_at = now
                client.open -= 1
            elif kind != WORK_STATUS:
                raise UnexpectedPacketError(f"a client was sent a packet of type {kind}: {bytes(data[at:end])[:200]!r}")
            at = end
        if at < size:
            client.keep(data, at)
        self._release(client)

    def _worker_hears(self, worker: Worker) -> None:
        data, at, seen = worker.read(), 0, self._seen
        size = len(data)
        while size - at >= HEADER_BYTES and (end := at + HEADER_BYTES + length_of(data, at + 8)[0]) <= size:
            kind = data[at + 7]
            if kind == NOOP:
                seen.noops += 1
                worker.wake()
            elif kind in (JOB_ASSIGN_UNIQ, NO_JOB):
                self._confirm(worker)
                if kind == NO_JOB:
                    worker.sleep()
                else:
                    worker.do(data, at, end, seen.assigned)
            else:
                raise UnexpectedPacketError(f"a worker was sent a packet of type {kind}: {bytes(data[at:end])[:200]!r}")
            at = end
        if at < size:
            worker.keep(data, at)

    def _confirm(self, worker: Worker) -> None:
        """The answer to a GRAB_JOB shows that the end before it has been dealt with."""
        if worker.holds and self._load.background:
            self._seen.jobs += 1
            self._seen.ended_at = time.monotonic_ns()
        worker.holds = False


def _asleep(worker: Worker) -> Worker:
    worker.sleep()
    return worker


def main() -> None:
    """Read the task, connect, wait for the word, run."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    told = sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(4), "big"))
    part = Part(pickle.loads(told))
    part.prepare()
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    if sys.stdin.buffer.readline() == b"go\n":
        sys.stdout.buffer.write(pickle.dumps(part.run()))


if __name__ == "__main__":
    main()
