"""What do idle connections and queued jobs cost, and does a submit still take what it took?

A broker of its own on a Redis of its own that syncs once a second. First submits are timed with an empty system, then
beside idle workers, then beside these and as many queued jobs, which are handed in as any client would.
"""

import argparse
import os
import resource
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.contest import open_redis
from bench.listing import memory_mb
from protocol import (
    CanDo,
    Connection,
    Event,
    GrabJobUniq,
    JobCreated,
    NoJob,
    Packet,
    PreSleep,
    Role,
    Signal,
    SubmitJob,
)
from tests.processes import BrokerProcess

FUNCTION: Final = b"capacity"
PAYLOAD: Final = os.urandom(200)
UNIQUE_BYTES: Final = 36
"""As long as the uuid that libgearman gives every job."""
WINDOW: Final = 500
"""Submits that are under way at a time while the queue is filled."""
TIMED: Final = 3000
SPARE_DESCRIPTORS: Final = 500


class Moment(NamedTuple):
    """What there is, and what it takes."""

    broker_bytes: float
    redis_bytes: float
    median: float
    slow: float
    """Microseconds a submit took from its first byte to its answer: half, and 99 of 100, took no longer."""


class Peer:
    """One connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = Connection(Role.PEER)

    def say(self, *packets: Packet) -> None:
        """Send packets together."""
        self._socket.sendall(b"".join([self._connection.send(packet) for packet in packets]))

    def hear(self) -> list[Event]:
        """What one read brings."""
        self._connection.receive_data(self._socket.recv(65_536))
        events: list[Event] = []
        while not isinstance(event := self._connection.next_event(), Signal):
            events.append(event)
        return events


class Client:
    """Hands in jobs, each with a unique of its own."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._peer = Peer(address)
        self._number = 0

    def time_submits(self) -> tuple[float, float]:
        """One after the other; see `Moment`."""
        seconds = []
        for _ in range(TIMED):
            began = time.perf_counter()
            self.submit(1)
            seconds.append(time.perf_counter() - began)
        seconds.sort()
        return seconds[len(seconds) // 2] * 1e6, seconds[len(seconds) * 99 // 100] * 1e6

    def submit(self, jobs: int) -> None:
        """So many together, and all their answers."""
        numbers = range(self._number, self._number + jobs)
        self._number += jobs
        self._peer.say(*(SubmitJob(FUNCTION, b"%036d" % number, PAYLOAD, background=True) for number in numbers))
        while jobs:
            for answer in self._peer.hear():
                assert isinstance(answer, JobCreated), answer
                jobs -= 1


def idle_workers(address: tuple[str, int], count: int) -> list[Peer]:
    """Connections of workers that have asked, got nothing, and sleep."""
    peers = []
    for _ in range(count):
        peer = Peer(address)
        peer.say(CanDo(b"idle"), GrabJobUniq())
        assert peer.hear() == [NoJob()]
        peer.say(PreSleep())
        peers.append(peer)
    return peers


def look(broker: BrokerProcess, redis: Any, client: Client) -> Moment:
    """How it is now."""
    median, slow = client.time_submits()
    return Moment(memory_mb(broker.pid, "VmRSS") * 2**20, redis.info("memory")["used_memory"], median, slow)


def measure(connections: int, jobs: int) -> None:
    """Build it up, and print the figures."""
    descriptors = connections + SPARE_DESCRIPTORS
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (descriptors, max(descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    )
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = stack.enter_context(open_redis())
        flags = ("--redis", f"redis://127.0.0.1:{redis.port}", "--file-descriptors", str(descriptors))
        broker = stack.enter_context(BrokerProcess(directory / "data", *flags))
        address = (broker.host, broker.port)
        client = Client(address)
        client.time_submits()  # warm
        empty = look(broker, redis.client(), client)
        idle = idle_workers(address, connections)
        beside = look(broker, redis.client(), client)
        began = time.perf_counter()
        for _ in range(jobs // WINDOW):
            client.submit(WINDOW)
        seconds = time.perf_counter() - began
        full = look(broker, redis.client(), client)
        assert len(idle) == connections
    queued = jobs // WINDOW * WINDOW
    rows = (
        ((beside.broker_bytes - empty.broker_bytes) / connections, "the broker's memory, for each idle worker"),
        ((full.broker_bytes - beside.broker_bytes) / queued, "the broker's memory, for each queued job"),
        (
            (full.redis_bytes - beside.redis_bytes) / (queued + TIMED) - len(PAYLOAD) - UNIQUE_BYTES,
            "Redis's memory, for each queued job, beyond its payload and its unique",
        ),
    )
    print(f"{queued:,} jobs of {len(PAYLOAD)} bytes, with a unique of {UNIQUE_BYTES}, queued in {seconds:.0f} s")
    for figure, words in rows:
        print(f"{figure:10,.1f}  bytes of {words}")
    print(f"{'a submit':<45} {'p50 us':>8} {'p99 us':>8}")
    for moment, words in (
        (empty, "with an empty system"),
        (beside, f"beside {connections:,} idle workers"),
        (full, f"beside these and {queued:,} queued jobs"),
    ):
        print(f"{words:<45} {moment.median:>8,.0f} {moment.slow:>8,.0f}")


def main() -> None:
    """Read the flags and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=10_000, help="idle workers (default 10,000)")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="queued (default 1,000,000)")
    given = parser.parse_args()
    measure(given.connections, given.jobs)


if __name__ == "__main__":
    main()
