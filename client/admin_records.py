"""What a server tells about itself, and how its lines are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from client.errors import UnreadableReplyError

__all__ = [
    "ConnectedPeer",
    "DeadJob",
    "FunctionQueues",
    "FunctionStatus",
    "ListedJob",
    "connected_peer",
    "dead_job",
    "function_queues",
    "function_status",
    "listed_job",
    "rows",
]

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class FunctionStatus:
    """One function, as in ``status``.

    Example:
        functions: dict[bytes, FunctionStatus] = {line.name: line for line in await client.admin.status()}
        print(functions[b"sendEmail"].queued, "e-mails wait,", functions[b"sendEmail"].workers, "workers are there")
    """

    name: bytes
    total: int
    """Its jobs, running ones included."""
    running: int
    workers: int
    """Connections that can do it."""

    @property
    def queued(self) -> int:
        """Its jobs that no worker has."""
        return max(self.total - self.running, 0)


@dataclass(frozen=True, slots=True)
class FunctionQueues:
    """One function's queued jobs by priority, as in ``prioritystatus``; running ones do not count.

    Example:
        queues: dict[bytes, FunctionQueues] = {line.name: line for line in await client.admin.prioritystatus()}
        print({name: (queue.high, queue.normal, queue.low) for name, queue in queues.items()})
    """

    name: bytes
    high: int
    normal: int
    low: int
    workers: int


@dataclass(frozen=True, slots=True)
class ConnectedPeer:
    """One connection, as in ``workers``; clients are listed, too, and so is the one that asks.

    Example:
        peers: tuple[ConnectedPeer, ...] = await client.admin.workers()
        print("at work from", {peer.address for peer in peers if b"sendEmail" in peer.functions})
    """

    number: int
    address: str
    client_id: bytes
    """``-`` if it gave none."""
    functions: tuple[bytes, ...]
    """What it can do; none: it is a client, or a worker that has not registered yet."""


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job, as in ``show jobs``.

    Example:
        jobs: tuple[ListedJob, ...] = await client.admin.show_jobs()
        print([job.handle for job in jobs if job.background and not job.ignored])
    """

    handle: bytes
    retries: int
    """How often it was queued again."""
    ignored: bool
    """It was cancelled, or all who waited for it have left; no worker will get it."""
    background: bool
    """Nobody needs to wait for it."""


@dataclass(frozen=True, slots=True)
class DeadJob:
    """One job that was given up, as in ``show dead``.

    Example:
        def since(dead: tuple[DeadJob, ...], moment: datetime) -> list[DeadJob]:
            return [job for job in dead if job.given_up_at >= moment.timestamp()]
    """

    handle: bytes
    function: bytes
    given_up_at: int
    """Unix seconds."""
    attempts: int
    """How often it was handed to a worker."""


def rows(reply: bytes, read: Callable[[bytes], RecordT]) -> tuple[RecordT, ...]:
    """The records of a list's lines; UnreadableReplyError if one is none."""
    lines = reply.split(b"\n")[:-2]  # what is behind the last line end, and the dot before it
    records = []
    for line in lines:
        try:
            records.append(read(line))
        except ValueError as error:
            raise UnreadableReplyError(f"the server's list has a line that cannot be read: {line!r}") from error
    return tuple(records)


def function_status(line: bytes) -> FunctionStatus:
    """``NAME TOTAL RUNNING WORKERS``; a name may have tabs in it, so it is read from the right."""
    name, total, running, workers = line.rsplit(b"\t", 3)
    return FunctionStatus(name, int(total), int(running), int(workers))


def function_queues(line: bytes) -> FunctionQueues:
    """``NAME HIGH NORMAL LOW WORKERS``."""
    name, high, normal, low, workers = line.rsplit(b"\t", 4)
    return FunctionQueues(name, int(high), int(normal), int(low), int(workers))


def connected_peer(line: bytes) -> ConnectedPeer:
    """``FD ADDRESS ID : FUNCTION...``; an id may have spaces in it."""
    number, address, rest = line.split(b" ", 2)
    client_id, colon, functions = rest.partition(b" :")
    if not colon:
        raise ValueError("no colon before the functions")
    return ConnectedPeer(int(number), address.decode(), client_id, tuple(functions.split()))


def listed_job(line: bytes) -> ListedJob:
    """``HANDLE RETRIES IGNORED BACKGROUND``."""
    handle, retries, ignored, background = line.rsplit(b"\t", 3)
    return ListedJob(handle, int(retries), ignored != b"0", background != b"0")


def dead_job(line: bytes) -> DeadJob:
    """``HANDLE FUNCTION GIVEN_UP_AT ATTEMPTS``."""
    handle, function, given_up_at, attempts = line.split(b"\t")
    return DeadJob(handle, function, int(given_up_at), int(attempts))
