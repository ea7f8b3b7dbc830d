"""A listing of 300,000 jobs by a broker of its own: its memory stays where it was, and it serves others meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence.keys import Keys, digest_of
from tests.broker.many_jobs import copy_job
from tests.processes import BrokerProcess
from tests.servers import RedisServer

JOBS = 300_000
ROW_BYTES = 40
MOST_GROWTH_KB = 9 * 1024
"""It takes 6; how much waits for the peer at a time is a matter of who runs when."""
PATIENCE_SECONDS = 120.0
"""A page takes milliseconds; this is for a machine that does everything else first."""
SUBMIT = b"\0REQ\0\0\0\x12\0\0\0\x04f\0\0x"
ECHO = b"\0REQ\0\0\0\x10\0\0\0\x04here"


@pytest.fixture
def broker(redis_server: RedisServer, tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker on a server that holds so many jobs."""
    with BrokerProcess(tmp_path / "data", "--redis", redis_server.unix_url) as process:
        with connection(process) as peer:
            peer.sendall(SUBMIT)
            assert peer.recv(100).startswith(b"\0RES\0\0\0\x08")
        copy_job(redis_server.client(), Keys(b"gearman").tag(digest_of(b"f")), JOBS)
        yield process


def connection(process: BrokerProcess) -> socket.socket:
    return socket.create_connection((process.host, process.port), PATIENCE_SECONDS)


def memory_kb(process: BrokerProcess, what: str) -> int:
    """VmRSS, what it takes now, or VmHWM, what it took at most."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


class Reader(threading.Thread):
    """Asks for a listing, reads it to its end and counts its rows."""

    def __init__(self, process: BrokerProcess) -> None:
        super().__init__()
        self.rows = self.length = 0
        self._process = process

    def run(self) -> None:
        with connection(self._process) as peer:
            peer.sendall(b"show jobs\r\n")
            tail = b""
            while tail != b"\n.\n":
                data = peer.recv(1 << 20)
                assert data, "the broker hung up"  # a thread that goes on would outlive the test
                self.rows += data.count(b"\n")
                self.length += len(data)
                tail = (tail + data)[-3:]
        self.rows -= 1


def test_memory_is_bounded_and_others_are_answered_in_between(broker: BrokerProcess) -> None:
    before = memory_kb(broker, "VmRSS")
    reader = Reader(broker)
    reader.start()
    answered = 0
    with connection(broker) as peer:
        while reader.is_alive():
            peer.sendall(ECHO)
            assert peer.recv(100).endswith(b"here")
            peer.sendall(b"status\r\n")
            assert peer.recv(100) == b"f\t%d\t0\t0\n.\n" % JOBS
            answered += 1
            time.sleep(0.001)  # else this peer alone keeps a processor from the broker that it measures
    reader.join()
    assert reader.rows == JOBS
    assert reader.length > JOBS * ROW_BYTES > MOST_GROWTH_KB * 1024, "the listing would not fit into the growth"
    assert answered > 10
    assert memory_kb(broker, "VmHWM") - before < MOST_GROWTH_KB
