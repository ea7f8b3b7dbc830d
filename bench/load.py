"""The load: clients and workers on raw sockets, one thread, everything as soon as it may be. Run in several processes.

It speaks with our own codec and does nothing else in Python that it can leave out. What it uses of a processor is
reported: near one whole, it is the load and not the server that is measured.
"""

import selectors
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Final

from protocol import (
    CanDo,
    Connection,
    Event,
    GrabJobUniq,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    Packet,
    PreSleep,
    Role,
    Signal,
    SubmitJob,
    WorkComplete,
)

LONGEST_SILENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a server. Clients and workers are shared out among the processes."""

    clients: int
    window: int
    """Submits of one client that may be unanswered; foreground: jobs that may be unfinished."""
    workers: int
    background: bool
    seconds: float
    """How long jobs are submitted; then all that are left are run."""
    most_queued: int = 1_000_000
    """Submits wait while so many background jobs are queued."""
    idle_workers: int = 0
    """More workers, asleep on a function of their own."""
    payload_bytes: int = 200


@dataclass(slots=True)
class Figures:
    """What one process saw."""

    jobs: int = 0
    submit_seconds: float = 0.0
    cycle_seconds: float = 0.0
    cpu_seconds: float = 0.0
    answered: list[float] = field(default_factory=list)
    """Seconds from a submit to JOB_CREATED, or to the result of a job somebody waits for."""


class Peer:
    """One connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = Connection(Role.PEER)
        self.sent_at: deque[float] = deque()

    def say(self, *packets: Packet) -> None:
        """Send packets together."""
        self.socket.sendall(b"".join([self._connection.send(packet) for packet in packets]))

    def hear(self) -> list[Event]:
        """What one read brings."""
        self._connection.receive_data(self.socket.recv(65_536))
        events: list[Event] = []
        while not isinstance(event := self._connection.next_event(), Signal):
            events.append(event)
        return events


class Process:
    """One process's part of a load, on a function of its own."""

    def __init__(self, address: tuple[str, int], load: Load, function: bytes) -> None:
        self._load = load
        self._function = function
        self._payload = b"x" * load.payload_bytes
        self._figures = Figures()
        self._number = 0
        self._submitted = self._acknowledged = self._completed = 0
        self._selector = selectors.DefaultSelector()
        self._clients = [Peer(address) for _ in range(load.clients)]
        workers = [Peer(address) for _ in range(load.workers)]
        self._idle = [Peer(address) for _ in range(load.idle_workers)]
        for client in self._clients:
            self._selector.register(client.socket, selectors.EVENT_READ, (client, self._client_hears))
        for worker in workers:
            self._selector.register(worker.socket, selectors.EVENT_READ, (worker, self._worker_hears))
            worker.say(CanDo(function), GrabJobUniq())
        for idle in self._idle:
            idle.say(CanDo(b"idle-" + function), PreSleep())

    def run(self) -> Figures:
        """Submit for the time given, and finish."""
        cpu, began = time.process_time(), time.perf_counter()
        ends = began + self._load.seconds
        while time.perf_counter() < ends or self._completed < self._submitted:
            if time.perf_counter() < ends:
                self._submit()
            ready = self._selector.select(LONGEST_SILENCE_SECONDS)
            if not ready:
                raise TimeoutError("the server fell silent")
            for key, _ in ready:
                peer, hears = key.data
                for event in peer.hear():
                    hears(peer, event)
            if (
                self._acknowledged == self._submitted
                and not self._figures.submit_seconds
                and time.perf_counter() > ends
            ):
                self._figures.submit_seconds = time.perf_counter() - began
        self._figures.submit_seconds = self._figures.submit_seconds or self._load.seconds
        self._figures.cycle_seconds = time.perf_counter() - began
        self._figures.cpu_seconds = time.process_time() - cpu
        self._figures.jobs = self._completed
        return self._figures

    def _submit(self) -> None:
        room = self._load.most_queued - (self._submitted - self._completed)
        for client in self._clients:
            wanted = min(self._load.window - len(client.sent_at), room)
            if wanted > 0:
                room -= wanted
                self._submitted += wanted
                client.sent_at.extend([time.perf_counter()] * wanted)
                client.say(*(self._job() for _ in range(wanted)))

    def _job(self) -> SubmitJob:
        self._number += 1
        unique = b"%036d" % self._number  # as long as the uuid that libgearman gives every job
        return SubmitJob(self._function, unique, self._payload, background=self._load.background)

    def _client_hears(self, client: Peer, event: Event) -> None:
        match event:
            case JobCreated():
                self._acknowledged += 1
                if self._load.background:
                    self._figures.answered.append(time.perf_counter() - client.sent_at.popleft())
            case WorkComplete():
                self._completed += 1
                self._figures.answered.append(time.perf_counter() - client.sent_at.popleft())
            case other:
                raise ValueError(f"{other} is no answer to a submit")

    def _worker_hears(self, worker: Peer, event: Event) -> None:
        match event:
            case JobAssignUniq():
                worker.say(WorkComplete(event.handle, b""), GrabJobUniq())
                self._completed += self._load.background
            case NoJob():
                worker.say(PreSleep())
            case Noop():
                worker.say(GrabJobUniq())
            case other:
                raise ValueError(f"{other} is nothing a worker is sent")


def _run(address: tuple[str, int], load: Load, function: bytes) -> Figures:
    return Process(address, load, function).run()


def run_load(address: tuple[str, int], load: Load, processes: int) -> list[Figures]:
    """The load from so many processes at a time; what each saw."""
    share = Load(
        clients=max(1, load.clients // processes),
        window=load.window,
        workers=max(1, load.workers // processes),
        background=load.background,
        seconds=load.seconds,
        most_queued=max(1, load.most_queued // processes),
        idle_workers=load.idle_workers // processes,
        payload_bytes=load.payload_bytes,
    )
    with get_context("spawn").Pool(processes) as pool:
        parts = [pool.apply_async(_run, (address, share, b"bench-%d" % number)) for number in range(processes)]
        return [part.get() for part in parts]
