"""How long does a client wait that connects for one job and leaves, as from a web page, when a hundred come at once?"""

import select
import socket
import time
from contextlib import ExitStack, closing, suppress
from typing import Final

from bench.contest import Options, Scenario, main
from bench.contestants import Running
from bench.load import LoadError
from bench.machine import busy_seconds, family_cpu_seconds
from bench.measuring import LOAD_CPU, OTHERS, Measured, percentiles
from bench.peers import HEADER_BYTES, JOB_CREATED, PATIENCE_SECONDS, SUBMIT_JOB_BG, packet

AT_ONCE: Final = 100
SUBMIT: Final = packet(SUBMIT_JOB_BG, b"bench\0\0", b"x" * 200)
ANSWER_BYTES: Final = 100


def take(running: Running, options: Options) -> Measured:
    """One crowd after the other, each of as many as the largest of `crowds`, but no more than a hundred."""
    with closing(_Served(running.address)) as served:
        return _measure(running, options, min(AT_ONCE, max(options.crowds)), served)


def _measure(running: Running, options: Options, size: int, served: "_Served") -> Measured:
    waits: list[int] = []
    server, both = family_cpu_seconds([running.pid]), family_cpu_seconds(running.pids)
    own, machine, began = time.process_time(), busy_seconds(), time.monotonic()
    while time.monotonic() < began + options.seconds or not waits:
        waits += _crowd(running.address, size, served)
    seconds, own = time.monotonic() - began, time.process_time() - own
    both = family_cpu_seconds(running.pids) - both
    server = family_cpu_seconds([running.pid]) - server
    jobs = len(waits) + len(served.waits)
    return {
        "jobs": jobs,
        "visits/s": len(waits) / seconds,
        **percentiles("created", waits),
        **percentiles("served", served.waits),
        "server us/job": server * 1e6 / jobs,
        "Redis us/job": (both - server) * 1e6 / jobs,
        LOAD_CPU: own / seconds,
        OTHERS: max(0.0, (busy_seconds() - machine - both - own) / seconds),
    }


class _Served:
    """A client that was connected before the crowds came, and submits one job after the other while they are there."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._sock = socket.create_connection(address, PATIENCE_SECONDS)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = self._sock.fileno()
        self.close = self._sock.close
        self.asks = False
        self.waits: list[int] = []
        """Nanoseconds from each submit to its JOB_CREATED."""

    def ask(self) -> None:
        self.asks, self._asked_at = True, time.monotonic_ns()
        self._sock.sendall(SUBMIT)

    def hear(self) -> None:
        _expect_created(self._sock)
        self.waits.append(time.monotonic_ns() - self._asked_at)
        self.asks = False


def _expect_created(sock: socket.socket) -> None:
    answer = sock.recv(ANSWER_BYTES)
    if len(answer) <= HEADER_BYTES or answer[7] != JOB_CREATED:
        raise LoadError(f"a client was answered {answer!r}")


def _crowd(address: tuple[str, int], size: int, served: _Served) -> list[int]:
    """Nanoseconds from when all of them began to connect to each one's JOB_CREATED."""
    waits = []
    with ExitStack() as sockets:
        began, visitors, poll = time.monotonic_ns(), dict[int, socket.socket](), select.epoll()
        sockets.callback(poll.close)
        for _ in range(size):
            sock = sockets.enter_context(socket.socket())
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.connect(address)
            poll.register(sock.fileno(), select.EPOLLOUT)
            visitors[sock.fileno()] = sock
        poll.register(served.number, select.EPOLLIN)
        served.ask()
        ends = time.monotonic() + PATIENCE_SECONDS  # of the crowd: who is served is answered all the while
        while visitors or served.asks:
            ready = poll.poll(PATIENCE_SECONDS)
            if not ready or time.monotonic() > ends:
                raise LoadError(f"{len(visitors)} of {size} clients were not answered in {PATIENCE_SECONDS:g} s")
            for number, event in ready:
                if number == served.number:
                    served.hear()
                    if visitors:
                        served.ask()
                elif event & select.EPOLLOUT:
                    visitors[number].sendall(SUBMIT)
                    poll.modify(number, select.EPOLLIN)
                else:
                    _expect_created(visitors.pop(number))
                    waits.append(time.monotonic_ns() - began)
                    poll.unregister(number)
    return waits


SCENARIO = Scenario(
    "visitors",
    __doc__ or "",
    take,
    (
        "created p50 ms",
        "created p90 ms",
        "created p99 ms",
        "served p50 ms",
        "served p99 ms",
        "visits/s",
        "server us/job",
        "Redis us/job",
    ),
    seconds=3.0,
)

if __name__ == "__main__":
    main(SCENARIO)
