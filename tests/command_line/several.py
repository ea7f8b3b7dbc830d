"""A broker of several processes, and who of them answers."""

import os
import select
import signal
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.log_lines import wait_for_line
from tests.processes import BrokerProcess

PATIENCE_SECONDS: Final = 60.0


class Several(BrokerProcess):
    """Started, all of its processes listen. Its `pid` is the supervisor's.

    Args:
        data_dir: as a broker's.
        processes: how many.
        flags: more words.
    """

    def __init__(self, data_dir: Path, processes: int, *flags: str) -> None:
        super().__init__(data_dir, f"--processes={processes}", "--verbose=NOTICE", *flags)
        self.processes = processes

    def start(self) -> None:
        """Start it, and return when the supervisor says that all of them listen."""
        super().start()
        wait_for_line(self.log.with_suffix(".pid"), f"{self.pid}\n")

    def children(self) -> set[int]:
        """The processes of the supervisor."""
        return children_of(self.pid)

    def connect(self, pid: int) -> socket.socket:
        """A connection to this process; the system chooses who gets one, so others are opened until it is this."""
        last_moment = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < last_moment:
            try:
                peer = socket.create_connection((self.host, self.port), PATIENCE_SECONDS)
                if answered_by(peer) == pid:
                    return peer
            except OSError:  # one that was just ending
                continue
            peer.close()
        raise AssertionError(f"process {pid} gets no connection")

    def answering(self, *, instead_of: Collection[int] = ()) -> set[int]:
        """Who answers, once there are as many as there should be and none of those is among them."""
        last_moment = time.monotonic() + PATIENCE_SECONDS
        found = set[int]()
        while len(found) < self.processes:
            assert time.monotonic() < last_moment, found
            try:
                with socket.create_connection((self.host, self.port), PATIENCE_SECONDS) as peer:
                    found.add(answered_by(peer))
            except OSError:
                continue
            found -= set(instead_of)
        return found


def children_of(pid: int) -> set[int]:
    """The processes that this one has forked, and that have not ended."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def answered_by(peer: socket.socket) -> int:
    """The number of the process behind a connection."""
    peer.sendall(b"getpid\r\n")
    said = peer.recv(100)
    if not said:
        raise ConnectionResetError("it was just ending")
    return int(said.split()[1])


@contextmanager
def ending(pids: Collection[int]) -> Iterator[None]:
    """What happens in the block ends these processes, whoever's children they are."""
    descriptors = [os.pidfd_open(pid) for pid in pids]
    try:
        yield
        for descriptor in descriptors:
            assert select.select([descriptor], [], [], PATIENCE_SECONDS)[0], "one goes on"
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to one of them, and return when it has gone."""
    with ending([pid]):
        os.kill(pid, number)
